"""Whether an exception says that memory ran out, on whatever device.

    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise

torch has a type for it on CUDA and XPU alone; elsewhere, and in the libraries below it, the message says so.
"""

import torch

_MESSAGES = (
    "can't allocate memory",  # a CPU, on Linux and macOS
    "not enough memory",  # a CPU, on Windows
    "out of memory",  # Apple's GPU; CUDA itself, outside of torch's allocator
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_NOT_INITIALIZED",  # what cuBLAS says where its handle finds no room
    "CUDNN_STATUS_ALLOC_FAILED",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether memory ran out, so that the same work in smaller pieces may succeed."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(message in str(error) for message in _MESSAGES)
