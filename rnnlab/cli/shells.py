"""Completion in shells: click's, and what KEY=VALUE needs besides. Bash takes `=` for the end of a word."""

from __future__ import annotations

from typing import Any

from click.shell_completion import BashComplete, CompletionItem, ZshComplete, add_completion_class

_BASH, _ZSH = "COMPREPLY+=($value)", "compadd -U -V unsorted -a completions"


@add_completion_class
class Bash(BashComplete):
    """Bash: words are put together again, and what is proposed begins where Bash's own word does."""

    source_template = BashComplete.source_template.replace(
        _BASH, f"{_BASH}\n            [[ $value == *= ]] && compopt -o nospace"
    )
    _typed = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is typed, and that one."""
        before, last = super().get_completion_args()
        words: list[str] = []
        for word in (*before, last):
            if words and (word == "=" or words[-1].endswith("=")):
                words[-1] += word
            else:
                words.append(word)
        self._typed = words.pop()
        return words, self._typed

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return what the script reads."""
        head = self._typed.rpartition("=")[0]
        starts = [f"{start}=" for start in (head, head.partition("=")[2]) if start]
        typed = next((start for start in starts if item.value.startswith(start)), "")
        return f"{item.type},{item.value.removeprefix(typed)}"


@add_completion_class
class Zsh(ZshComplete):
    """Zsh: no blank after KEY=."""

    source_template = ZshComplete.source_template.replace(
        _ZSH,
        f"compadd -S '' -U -V unsorted -- ${{(M)completions:#*=}}\n"
        f"        {_ZSH.removesuffix('-a completions')}-- ${{completions:#*=}}",
    )
