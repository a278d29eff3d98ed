"""`make bench`: every benchmark that needs no GPU."""

import tempfile

import torch

from benchmarks import bilateral, capture, enhance, loading, startup, step, synth, web


def main() -> None:
    """Prints one line for each."""
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    startup.main()
    with tempfile.TemporaryDirectory() as folder:
        loading.main(folder)
        step.main(folder)
    bilateral.main()
    enhance.main()
    capture.main()
    lacking = synth.missing()
    if lacking is None:
        synth.main()
    else:
        print(f"rendered scenes: not measured, {lacking}")
    web.main()


if __name__ == "__main__":
    main()
