"""The part of scripts/study_codebooks that runs vector-quantize-pytorch. Prints the figures as JSON.

python codebooks_torch.py IMAGES.npz STEPS CODES KIND, where KIND is one of `KINDS`.
"""

import json
import sys

import numpy as np
import torch
from codebooks import COMMITMENT, ENTROPY, LEARNING_RATE, LENGTH, LEVELS, SCALE, batches, figures
from torch import nn
from vector_quantize_pytorch import FSQ, LFQ, VectorQuantize


def vector(codes, **options):
    return LENGTH, VectorQuantize(
        LENGTH, codes, commitment_weight=COMMITMENT, decay=0.99, accept_image_fmap=True, **options
    )


def finite(codes):
    return len(LEVELS[codes]), FSQ(list(LEVELS[codes]))


def lookup_free(codes):
    bits = codes.bit_length() - 1
    return bits, LFQ(dim=bits, codebook_size=codes, entropy_loss_weight=ENTROPY, commitment_loss_weight=COMMITMENT)


KINDS = {
    "vq": vector,
    "vq, k-means and restarts": lambda codes: vector(codes, kmeans_init=True, threshold_ema_dead_code=2),
    "fsq": finite,
    "lfq": lookup_free,
}


class Quantized(nn.Module):
    """Images to reconstructions, indices, and the loss of the quantizer per value of a vector."""

    def __init__(self, kind, codes):
        super().__init__()
        length, self.quantizer = KINDS[kind](codes)
        self.encoder = nn.Sequential(
            *(nn.Conv2d(1, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 4, 2, 1), nn.ReLU()),
            *(nn.Conv2d(64, 64, 3, 1, 1), nn.ReLU(), nn.Conv2d(64, length, 1)),
        )
        self.decoder = nn.Sequential(
            *(nn.Conv2d(length, 64, 3, 1, 1), nn.ReLU(), nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU()),
            *(nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 1, 1)),
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):  # as in Keras
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, x):
        vectors = self.encoder(x)
        z, indices, *loss = self.quantizer(vectors)
        return self.decoder(z), indices, loss[0] * vectors[0].numel() if loss else 0.0


def main():
    file, steps, codes, kind = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    data = np.load(file)
    torch.manual_seed(0)
    model = Quantized(kind, codes)
    optimizer = torch.optim.Adam(model.parameters(), LEARNING_RATE, eps=1e-7)
    for batch in batches(data["train"], steps):
        x = torch.from_numpy(batch).permute(0, 3, 1, 2)
        reconstructions, _, loss = model(x)
        error = torch.sum((x - reconstructions) ** 2) / (2 * SCALE**2 * len(x))
        optimizer.zero_grad()
        (error + loss).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        parts = [model(torch.from_numpy(x).permute(0, 3, 1, 2))[:2] for x in np.array_split(data["test"], 20)]
    reconstructions, indices = (torch.cat(each).numpy() for each in zip(*parts, strict=True))
    print(json.dumps(figures(data["test"], reconstructions.transpose(0, 2, 3, 1), indices, codes)))


if __name__ == "__main__":
    main()
