"""The benchmark of other libraries: pythae, and a PyTorch training loop with the same networks."""

import contextlib
import io
import json
import logging
import os
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = str(os.cpu_count())

import torch
from benchmark_data import BATCH, ENCODED, LATENT, blobs, options, seconds_per_example
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae.trainers.training_callbacks import TrainingCallback
from torch import nn
from torch.nn import functional

BODIES = {
    "mlp": (
        lambda: [nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU()],
        512,
        lambda: [nn.Linear(LATENT, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 784), nn.Sigmoid()],
    ),
    "conv": (
        lambda: [
            nn.Conv2d(1, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(),
            nn.Flatten(), nn.Linear(3136, 256), nn.ReLU(),
        ],
        256,
        lambda: [
            nn.Linear(LATENT, 256), nn.ReLU(), nn.Linear(256, 3136), nn.ReLU(), nn.Unflatten(1, (64, 7, 7)),
            nn.ConvTranspose2d(64, 32, 3, 2, 1, 1), nn.ReLU(), nn.ConvTranspose2d(32, 1, 3, 2, 1, 1), nn.Sigmoid(),
        ],
    ),
}  # fmt: skip


class Encoder(BaseEncoder):
    def __init__(self, body, width):
        super().__init__()
        self.body = nn.Sequential(*body)
        self.mean = nn.Linear(width, LATENT)
        self.log_variance = nn.Linear(width, LATENT)

    def forward(self, x):
        features = self.body(x)
        return ModelOutput(embedding=self.mean(features), log_covariance=self.log_variance(features))


class Decoder(BaseDecoder):
    def __init__(self, body):
        super().__init__()
        self.body = nn.Sequential(*body)

    def forward(self, z):
        return ModelOutput(reconstruction=self.body(z).reshape(-1, 1, 28, 28))


class EpochTimes(TrainingCallback):
    def __init__(self):
        self.seconds = []

    def on_epoch_begin(self, training_config, **kwargs):
        self.start = time.perf_counter()

    def on_epoch_end(self, training_config, **kwargs):
        self.seconds.append(time.perf_counter() - self.start)


def model_of(network):
    torch.manual_seed(0)
    encoder_body, width, decoder_body = BODIES[network]
    config = VAEConfig(input_dim=(1, 28, 28), latent_dim=LATENT, reconstruction_loss="bce")
    return VAE(config, encoder=Encoder(encoder_body(), width), decoder=Decoder(decoder_body()))


def train_with_pythae(network, x, epochs, device):
    model, times = model_of(network), EpochTimes()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        config = BaseTrainerConfig(
            output_dir=folder,
            num_epochs=epochs,
            learning_rate=1e-3,
            per_device_train_batch_size=BATCH,
            no_cuda=device == "cpu",
        )
        data = BaseDataset(x, torch.ones(len(x)))
        trainer = BaseTrainer(model=model, train_dataset=data, training_config=config, callbacks=[times])
        trainer.save_model = lambda *_, **__: None  # it follows the timed epochs, and pickles modules
        trainer.train()
    return model, times.seconds


def train_by_hand(network, x, epochs, device):
    model, x = model_of(network).to(device), x.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    times = []
    for _ in range(epochs):
        start = time.perf_counter()
        order = torch.randperm(len(x), device=device)
        for first in range(0, len(x), BATCH):
            batch = x[order[first : first + BATCH]]
            code = model.encoder(batch)
            mean, log_variance = code.embedding, code.log_covariance
            z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
            image = model.decoder(z).reconstruction
            error = functional.binary_cross_entropy(image, batch, reduction="sum")
            kl = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
            optimizer.zero_grad()
            ((error + kl) / len(batch)).backward()
            optimizer.step()
        wait(device)
        times.append(time.perf_counter() - start)
    return times


def wait(device):
    if device == "cuda":
        torch.cuda.synchronize()


def main():
    logging.disable(logging.CRITICAL)
    torch.set_num_threads(os.cpu_count())
    chosen = options()
    device = "cuda" if chosen.device == "gpu" else "cpu"
    x = torch.from_numpy(blobs(chosen.images)[:, None])
    by_hand = train_by_hand(chosen.network, x, chosen.epochs + 1, device)
    model, by_pythae = train_with_pythae(chosen.network, x, chosen.epochs + 1, device)
    model.eval()
    some = x[:ENCODED]
    embedded = seconds_per_example(lambda: model.embed(some.to(device)).detach().cpu().numpy(), len(some))
    results = {
        "pythae's trainer, training": [seconds / len(x) for seconds in by_pythae[1:]],
        "PyTorch loop by hand, training": [seconds / len(x) for seconds in by_hand[1:]],
        "pythae's embed, encoding": embedded,
    }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
