"""Every compiled kernel calls its own copies of the kernels inside it, never those that another one brought along.

Numba links the callees into each kernel and compiles the whole; what is not inlined stays a function that all kernels
of a process share, whichever was loaded first. Its copies are optimised each in their own surroundings and may differ
in the order of their operations: the last bits of a number would depend on what else has run.
"""

from __future__ import annotations

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.registry import cpu_target

_SHARED = "linkonce_odr"
_kernels: set[str] = set()


class _Library(JITCodeLibrary):  # type: ignore[misc]
    """The code of one kernel with all that it calls."""

    def _finalize_final_module(self) -> None:
        made_here = self._shared_module is None  # type: ignore[has-type]  # it is there where a file had the code
        if self.name in _kernels and made_here:
            self._shared_module = _to_link(self._final_module)
            for function in self._final_module.functions:
                if not function.is_declaration and function.linkage.name == _SHARED:
                    function.linkage = "internal"
        super()._finalize_final_module()


def _to_link(module: Any) -> Any:
    """Return what other kernels link: as Numba makes it, before this kernel keeps its callees to itself."""
    shared = module.clone()
    for function in shared.functions:
        if not function.is_declaration and function.linkage.name == "external":
            function.linkage = _SHARED
    return shared


def keep_apart(name: str) -> None:
    """Let the kernel of this name have copies of its own of all that it calls."""
    _kernels.add(name)
    cpu_target.target_context.codegen()._library_class = _Library
