"""`make gpu`, after the tests: the filter, the baseline's step, and whether loading keeps up."""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.loading import jpeg_pairs
from benchmarks.step import batches
from deepflash.filters import Bilateral, bilateral_opencv
from deepflash.losses import DifferenceLoss
from deepflash.module import DeepFlash
from deepflash.nets.vgg_unet import VGGUNet
from deepflash.pairs.datamodule import PairDataModule
from deepflash.pairs.manifest import PairRecord
from deepflash.targets import Difference

SIZE, BATCH, TURNS = 512, 16, 20


def seconds(work: Callable[[], object], *, turns: int = TURNS) -> float:
    """Returns the median seconds of GPU work after three warm-ups, by CUDA events."""
    for _ in range(3):
        work()
    found = []
    for _ in range(turns):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        work()
        end.record()
        torch.cuda.synchronize()
        found.append(begin.elapsed_time(end) / 1e3)
    return statistics.median(found)


def matrix_peak() -> float:
    """Returns FLOP/s of an 8192 x 8192 x 8192 bf16 product, the practical peak."""
    a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    return 2 * 8192**3 / seconds(lambda: a @ b)


def show_filter() -> None:
    """Prints parity with OpenCV and the time per batch, eager and compiled."""
    pictures = torch.rand(BATCH, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    expected = bilateral_opencv(pictures, sigma_s=7.0, sigma_r=0.4)
    on_device = pictures.cuda()
    for compiled in (False, True):
        bilateral = Bilateral(7.0, 0.4, compiled=compiled)
        difference = (bilateral(on_device).cpu() - expected).abs().max() * 255
        spent = seconds(lambda b=bilateral: b(on_device), turns=5)
        kind = "compiled" if compiled else "eager"
        print(
            f"bilateral {kind:9} {BATCH} x {SIZE}: {spent * 1e3:8.2f} ms, "
            f"largest difference to OpenCV {difference:.4f} of 255"
        )


def trained(compiled: bool) -> tuple[DeepFlash, Callable[[dict], torch.Tensor]]:
    """Returns the baseline's module and one training step of it in bf16."""
    module = DeepFlash(
        VGGUNet(weights="none"), DifferenceLoss(), Bilateral(7.0, 0.4), Difference()
    ).cuda()
    module.net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    if compiled:
        module.net.compile()
    optimizer = torch.optim.AdamW(module.net.parameters(), lr=1e-5, fused=True)

    def step(batch: dict) -> torch.Tensor:
        with torch.autocast("cuda", torch.bfloat16):
            flash_low, studio_low = module.filter(batch["flash"]), module.filter(batch["studio"])
            t = module.target.encode(flash_low, studio_low)
            y = module(flash_low)
            y_d, t_d = module.target.low(y, flash_low), module.target.low(t, flash_low)
            loss = module.loss(y, t, y_d=y_d, t_d=t_d, valid=batch["valid"])["loss"]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss

    return module, step


def show_step(peak: float) -> None:
    """Prints time, images per second, memory and share of the peak of the baseline's step."""
    batch = {
        name: value.cuda() if isinstance(value, torch.Tensor) else value
        for name, value in batches(SIZE, 1, BATCH)[0].items()
    }
    for compiled in (False, True):
        torch.cuda.reset_peak_memory_stats()
        module, step = trained(compiled)
        spent = seconds(lambda s=step: s(batch))
        memory = torch.cuda.max_memory_allocated() / 2**30
        with FlopCounterMode(display=False) as counter, torch.autocast("cuda", torch.bfloat16):
            VGGUNet(weights="none").cuda()(batch["flash"]).sum().backward()
        share = counter.get_total_flops() / spent / peak
        kind = "compiled" if compiled else "eager"
        print(
            f"baseline step {kind:9} {BATCH} x {SIZE} bf16: {spent * 1e3:8.2f} ms, "
            f"{BATCH / spent:7.1f} images/s, {memory:5.1f} GiB, {share:6.1%} of the matrix peak"
        )
        del module, step


class Repeated(PairDataModule):
    """Serves the few training pairs many times an epoch, so that no loader starts anew."""

    def split(self, name: str) -> list[PairRecord]:
        """Returns the pairs of a split, sixty times."""
        return super().split(name) * 60


def forever(data: PairDataModule) -> Iterator[dict]:
    """Yields batches on the device, epoch after epoch, from one loader."""
    loader = data.train_dataloader()
    while True:
        for raw in loader:
            moved = {
                k: v.cuda(non_blocking=True) if isinstance(v, torch.Tensor) else v
                for k, v in raw.items()
            }
            yield data.on_after_batch_transfer(moved, 0)


def show_loading(workers: int) -> None:
    """Prints the share of the training time spent waiting for the loader."""
    with tempfile.TemporaryDirectory() as folder:
        root = jpeg_pairs(Path(folder))
        data = Repeated(str(root), size=SIZE, batch_size=8, workers=workers)
        source, (_, step) = forever(data), trained(compiled=False)
        for _ in range(5):
            step(next(source))
        waited, begun = 0.0, time.perf_counter()
        for _ in range(TURNS):
            asked = time.perf_counter()
            batch = next(source)
            waited += time.perf_counter() - asked
            step(batch)
            torch.cuda.synchronize()
        total = time.perf_counter() - begun
        print(f"loading with {workers} workers: waited {waited / total:6.1%} of {total:.2f} s")


def main() -> None:
    """Prints every figure; says so and stops where there is no GPU."""
    if not torch.cuda.is_available():
        sys.exit("benchmarks.gpu: no CUDA device here")
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}")
    peak = matrix_peak()
    print(f"matrix peak, 8192^3 bf16: {peak / 1e12:.0f} TFLOP/s")
    show_filter()
    show_step(peak)
    show_loading(workers=8)


if __name__ == "__main__":
    main()
