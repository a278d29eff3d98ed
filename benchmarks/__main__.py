"""`make bench`: every benchmark that needs no GPU."""

import tempfile

import torch

from benchmarks import bilateral, loading, startup, step


def main() -> None:
    """Prints one line for each."""
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    startup.main()
    with tempfile.TemporaryDirectory() as folder:
        loading.main(folder)
        step.main(folder)
    bilateral.main()


if __name__ == "__main__":
    main()
