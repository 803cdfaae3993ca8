"""The benchmark of PyTorch on colour images: the networks of keras_vae in a training loop by hand.

It trains in float32 and in bfloat16, eagerly and compiled. The images and the weights of convolutions have their
channels last in memory, and the optimizer is fused. Prints seconds per image and the number of weights, as JSON.
"""

import json
import math
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count()))

import torch
from benchmark_data import PICTURES, coloured_blobs, options
from torch import nn
from torch.nn import functional

UNITS, FEATURES, GROUPS = 256, 16, 8
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(*norm(width), conv(width, width), *norm(width), conv(width, width))

    def forward(self, x):
        return x + self.body(x)


class VAE(nn.Module):
    """The negative ELBO of a batch, in nats per image; the likelihood is normal with one learned scale."""

    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.raw_scale = nn.Parameter(torch.zeros(()))

    def forward(self, batch):
        x = batch.permute(0, 3, 1, 2).float() / 255
        mean, raw = self.encoder(x).float().chunk(2, dim=1)
        scale = functional.softplus(raw) + 1e-4
        z = mean + scale * torch.randn_like(mean)
        kl = (0.5 * (mean.square() + scale.square() - 1) - scale.log()).flatten(1).sum(1)
        sigma = functional.softplus(self.raw_scale) + 1e-4
        error = (x - self.decoder(z).float()) / sigma
        nll = (0.5 * error.square() + sigma.log() + 0.5 * math.log(2 * math.pi)).flatten(1).sum(1)
        return (nll + kl).mean()


def conv(inputs, outputs, stride=1):
    return nn.Conv2d(inputs, outputs, 3, stride, 1)


def norm(width):
    return nn.GroupNorm(GROUPS, width, eps=1e-3), nn.SiLU()


def widths_of(side):
    stages = math.ceil(math.log2(side / 7))
    return [min(32 * 2**i, 256) for i in range(stages)]


def conv_networks(side, latent_dim):
    widths = widths_of(side)
    grid = side // 2 ** len(widths)
    values = widths[-1] * grid**2
    encoder, decoder = [], []
    for before, after in zip([3, *widths], widths, strict=False):
        encoder += [conv(before, after, 2), nn.ReLU()]
    encoder += [nn.Flatten(), nn.Linear(values, UNITS), nn.ReLU(), nn.Linear(UNITS, 2 * latent_dim)]
    decoder += [nn.Linear(latent_dim, UNITS), nn.ReLU(), nn.Linear(UNITS, values), nn.ReLU()]
    decoder += [nn.Unflatten(1, (widths[-1], grid, grid))]
    for before, after in zip(widths[::-1], [*widths[-2::-1], FEATURES], strict=True):
        decoder += [nn.ConvTranspose2d(before, after, 3, 2, 1, 1), nn.ReLU()]
    return encoder, [*decoder, nn.Conv2d(FEATURES, 3, 1)]


def resnet_networks(side, latent_dim):
    widths = widths_of(side)
    grid = side // 2 ** len(widths)
    values = widths[-1] * grid**2
    encoder = [conv(3, widths[0])]
    for before, after in zip([widths[0], *widths], widths, strict=False):
        encoder += [conv(before, after, 2), Residual(after)]
    encoder += norm(widths[-1])
    encoder += [nn.Flatten(), nn.Linear(values, UNITS), nn.SiLU(), nn.Linear(UNITS, 2 * latent_dim)]
    decoder = [nn.Linear(latent_dim, UNITS), nn.SiLU(), nn.Linear(UNITS, values)]
    decoder += [nn.Unflatten(1, (widths[-1], grid, grid))]
    for before, after in zip(widths[::-1], [*widths[-2::-1], FEATURES], strict=True):
        decoder += [Residual(before), nn.Upsample(scale_factor=2), conv(before, after)]
    return encoder, [*decoder, *norm(FEATURES), nn.Conv2d(FEATURES, 3, 1)]


def spatial_networks(side, latent_dim):
    """Networks of latent maps of side / 8, which read and draw patches of 2x2 pixels."""
    encoder = [nn.Conv2d(3, 32, 2, 2)]
    for before, after in ((32, 32), (32, 64)):
        encoder += [conv(before, after, 2), Residual(after)]
    encoder += [*norm(64), nn.Conv2d(64, 2 * latent_dim, 1)]
    decoder = [conv(latent_dim, 64)]
    for before, after in ((64, 32), (32, 32)):
        decoder += [Residual(before), *subpixel(before, after)]
    return encoder, [*decoder, *norm(32), *subpixel(32, FEATURES), nn.Conv2d(FEATURES, 3, 1)]


def subpixel(inputs, outputs):
    return conv(inputs, 4 * outputs), nn.PixelShuffle(2)


NETWORKS = {"conv": conv_networks, "resnet": resnet_networks, "spatial": spatial_networks}


def model_of(pictures):
    networks = NETWORKS[pictures.network](pictures.side, pictures.latent_dim)
    return VAE(*(nn.Sequential(*layers) for layers in networks))


def train(model, x, batch_size, epochs, dtype, *, compiled):
    """Returns the seconds per image of each epoch but the first."""
    loss_of = torch.compile(model, dynamic=False) if compiled else model
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * len(x) // batch_size)
    times = []
    for _ in range(epochs):
        start = time.perf_counter()
        for rows in torch.randperm(len(x), device=x.device).split(batch_size):
            with torch.autocast(x.device.type, torch.bfloat16, enabled=dtype is torch.bfloat16):
                loss = loss_of(x[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        if x.is_cuda:
            torch.cuda.synchronize()
        times.append((time.perf_counter() - start) / len(x))
    if not math.isfinite(loss.item()):
        raise SystemExit(f"the loss is {loss.item()}")
    return times[1:]


def main():
    chosen = options()
    torch.set_num_threads(os.cpu_count())
    torch.set_float32_matmul_precision("high")  # TF32 on a GPU, as in TensorFlow
    device = "cuda" if chosen.device == "gpu" else "cpu"
    pictures = PICTURES[chosen.network]
    x = torch.from_numpy(coloured_blobs(pictures.steps * pictures.batch, pictures.side)).to(device)
    results = {}
    for way in ("eager", "compiled"):
        for name, dtype in DTYPES.items():
            torch.manual_seed(0)
            torch.compiler.reset()
            model = model_of(pictures).to(device, memory_format=torch.channels_last)
            seconds = train(model, x, pictures.batch, chosen.epochs + 1, dtype, compiled=way == "compiled")
            results[f"PyTorch by hand, {way}, {name}"] = seconds
            results["parameters"] = sum(weight.numel() for weight in model.parameters())
    print(json.dumps(results))


if __name__ == "__main__":
    main()
