"""A corpus of bad experiment files: what is read, and what the message must say after the file's name."""

from __future__ import annotations

HEAD = 'schema = 1\nname = "vanish"\n'
GRID = '[grid]\nactivation = "tanh"\nwidth = 8\nlength = 5\n'
FILE = HEAD + GRID
MIB = 2**20


def top(line: str) -> str:
    return HEAD + line + "\n" + GRID


def line(text: str) -> str:
    """Return the good file with this line in [grid], in place of the one that gives the same key."""
    key = text.split("=", maxsplit=1)[0].strip()
    kept = [old for old in FILE.splitlines() if old.split("=")[0].strip() != key]
    return "\n".join([*kept, text]) + "\n"


WHOLE = "it must be a whole number from 1 to 1048576."
NUMBER = "it must be a number from 0 to 1e9."
SEEDS = "it must be a whole number from 0 to 9223372036854775807."

VALUES = {
    "negative width": (line("width = -3"), "grid.width is -3", WHOLE),
    "width 0": (line("width = 0"), "grid.width is 0", WHOLE),
    "width beyond": (line("width = 1048577"), "grid.width is 1048577", WHOLE),
    "width 1.5": (line("width = 1.5"), "grid.width is 1.5", WHOLE),
    "width true": (line("width = true"), "grid.width is true", WHOLE, "A boolean is not a number."),
    "width in quotes": (line('width = "64"'), 'grid.width is "64"', WHOLE, "Numbers stand without quotes."),
    "width nan": (line("width = nan"), "grid.width is nan", WHOLE),
    "width inf": (line("width = inf"), "grid.width is inf", WHOLE),
    "width 2^70": (line(f"width = {2**70}"), f"grid.width is {2**70}", WHOLE),
    "width 1e999": (line("width = 1e999"), "grid.width is inf", WHOLE),
    "width a date": (line("width = 2024-01-01"), "grid.width is the date 2024-01-01", WHOLE),
    "width a time": (line("width = 07:32:00"), "grid.width is the date 07:32:00", WHOLE),
    "width of hexadecimal miles": (
        line("width = 0x" + "f" * 900),
        "grid.width is a whole number of 1080 digits",
        WHOLE,
    ),
    "length 1e9": (line("length = 1e9"), "grid.length is 1000000000.0", "a whole number from 1 to 100000000."),
    "seed negative": (line("seed = -1"), "grid.seed is -1", SEEDS),
    "seed 2^63": (line("seed = 9223372036854775808"), "grid.seed is 9223372036854775808", SEEDS),
    "scale negative": (line("recurrent_scale = -0.5"), "grid.recurrent_scale is -0.5", NUMBER),
    "scale nan": (line("recurrent_scale = nan"), "grid.recurrent_scale is nan", NUMBER),
    "scale 1e999": (line("recurrent_scale = 1e999"), "grid.recurrent_scale is inf", NUMBER),
    "scale 2^70": (line(f"recurrent_scale = {2**70}"), f"grid.recurrent_scale is {2**70}", NUMBER),
    "scale true": (line("recurrent_scale = true"), "grid.recurrent_scale is true", "A boolean is not a number."),
    "scale in quotes": (line('recurrent_scale = "1"'), 'grid.recurrent_scale is "1"', "Numbers stand without quotes."),
    "typo in a choice": (
        line('activation = "tahn"'),
        'is "tahn"; it must be one of tanh, sigmoid',
        "Did you mean tanh?",
    ),
    "choice is a number": (
        line("activation = 3"),
        "grid.activation is 3",
        "one of tanh, sigmoid, relu, identity, leaky_relu,",
    ),
    "choice is far off": (line('dtype = "complex128"'), 'grid.dtype is "complex128"', "one of float64, float32."),
    "choice is long": (line(f'loss = "{"x" * 5000}"'), 'grid.loss is "xxx', "...", "one of squared, cross_entropy."),
    "choice holds an escape": (line(r'loss = "\u001b[2J"'), r"grid.loss is '\x1b[2J'", "one of squared"),
    "choice in capitals": (line('activation = "Tanh"'), 'is "Tanh"', "Did you mean tanh?"),
    "item of a list": (line("width = [8, -1, true]"), "grid.width[1] is -1", "grid.width[2] is true", WHOLE),
    "list in a list": (line("width = [[8, 16]]"), "grid.width[0] is a list of 2 values", WHOLE),
    "table in a list": (line("width = [{ range = 3 }]"), "grid.width[0] is a table", WHOLE),
    "empty axis": (line("seed = []"), "grid.seed is an empty list; an axis needs at least one value."),
}
RANGES = {
    "empty range": (line("seed = { range = 0 }"), "grid.seed.range is empty: range(0) holds no number", "at least 1"),
    "empty range of two": (
        line("seed = { range = [4, 4] }"),
        "range(4, 4) holds no number",
        "the end itself is left out",
    ),
    "negative range": (line("seed = { range = -5 }"), "grid.seed.range is empty: range(-5)", "at least 1"),
    "range with step 0": (line("seed = { range = [0, 4, 0] }"), "grid.seed.range has step 0", "other than 0."),
    "range of a fraction": (line("seed = { range = 2.5 }"), "grid.seed.range is 2.5", "n, [a, b] or [a, b, step]"),
    "range of a text": (line('seed = { range = "8" }'), 'grid.seed.range is "8"', "of whole numbers"),
    "range of true": (line("seed = { range = true }"), "grid.seed.range is true", "of whole numbers"),
    "range of four": (line("seed = { range = [1, 2, 3, 4] }"), "grid.seed.range is a list of 4 values", "[a, b, step]"),
    "range of none": (line("seed = { range = [] }"), "grid.seed.range is an empty list", "[a, b, step]"),
    "range out of bounds": (line("width = { range = 8 }"), "grid.width.range gives 0", WHOLE),
    "range beyond 2^63": (line(f"seed = {{ range = {2**70} }}"), f"grid.seed.range gives {2**70 - 1}", SEEDS),
    "range of words": (line("activation = { range = 2 }"), "grid.activation is a range", "takes words: write a list"),
    "empty table": (line("seed = {}"), "grid.seed.start is missing", "grid.seed.num is missing", "Write { start = a"),
    "unknown key of a range": (line("seed = { rnage = 3 }"), "grid.seed.rnage is unknown.", "Did you mean range?"),
    "two kinds of range": (line("seed = { range = 3, num = 2 }"), "grid.seed mixes two kinds of range", "alone"),
    "no stop": (line("bias_scale = { start = 1, num = 5 }"), "grid.bias_scale.stop is missing", "Write { start = a"),
    "num 0": (line("bias_scale = { start = 0, stop = 1, num = 0 }"), "grid.bias_scale.num is 0", "from 1 to"),
    "num 1": (line("bias_scale = { start = 0, stop = 1, num = 1 }"), "num is 1; it must be at least 2", "both ends"),
    "num a fraction": (line("bias_scale = { start = 0, stop = 1, num = 2.5 }"), "num is 2.5", "a whole number from 1"),
    "num 10^30": (line(f"bias_scale = {{ start = 0, stop = 1, num = {10**30} }}"), f"num is {10**30}", "from 1 to"),
    "too dense": (
        line("bias_scale = { start = 1, stop = 1.00000000001, num = 1000000 }"),
        "num is 1000000",
        "distinct",
    ),
    "too dense in logs": (
        line('bias_scale = { start = 1, stop = 2, num = 10000000000000000, spacing = "log" }'),
        "num is 1000000",
        "from 1 to",
    ),
    "log from 0": (line('bias_scale = { start = 0, stop = 1, num = 3, spacing = "log" }'), "start is 0.0", "above 0."),
    "spacing unknown": (
        line('seed = { start = 0, stop = 9, num = 3, spacing = "lgo" }'),
        'is "lgo"',
        "Did you mean log?",
    ),
    "spacing a number": (
        line("seed = { start = 0, stop = 9, num = 3, spacing = 10 }"),
        "spacing is 10",
        "linear, log.",
    ),
    "start nan": (line("bias_scale = { start = nan, stop = 9, num = 3 }"), "grid.bias_scale.start is nan", NUMBER),
    "start a list": (line("bias_scale = { start = [1], stop = 9, num = 3 }"), "start is a list of 1 value;", NUMBER),
    "start a fraction": (line("width = { start = 1.5, stop = 9, num = 3 }"), "grid.width.start is 1.5", WHOLE),
    "10^12 rounded numbers": (
        line('length = { start = 1, stop = 100, num = 1000000000000, spacing = "log" }'),
        "num is 1000000000000",
        "at most 100000",
    ),
}
KEYS = {
    "typo in a parameter": (
        line("recurent_scale = 1"),
        "grid.recurent_scale is unknown. Did you mean recurrent_scale?",
    ),
    "no such parameter": (line("zzz = 1"), "grid.zzz is unknown. Known: activation, batch"),
    "parameter with odd letters": (line('"a\\nb" = 1'), r"grid.'a\nb' is unknown."),
    "typo at the top": (top('nmae = "x"'), "nmae is unknown. Did you mean name?"),
    "parameter at the top": (top("width = 8"), "vanish.toml: width is unknown.", "it belongs in [grid]."),
    "title in the grid": (FILE + 'title = "x"\n', "grid.title is unknown.", "at the top of the file, before [grid]."),
    "zip in the grid": (FILE + 'zip = [["width", "batch"]]\n', "grid.zip is unknown.", "before [grid]."),
    "no schema": (FILE.replace("schema = 1\n", ""), "schema is missing. Begin the file with schema = 1."),
    "newer schema": (FILE.replace("schema = 1", "schema = 2"), "schema is 2: written by a newer rnnlab", "Upgrade"),
    "schema 0": (FILE.replace("schema = 1", "schema = 0"), "schema is 0; it must be 1."),
    "schema true": (FILE.replace("schema = 1", "schema = true"), "schema is true; it must be 1."),
    "schema in quotes": (FILE.replace("schema = 1", 'schema = "1"'), 'schema is "1"; it must be 1.'),
    "empty file": ("", "schema is missing", "name is missing", "grid is missing", 'Write name = "vanish".'),
    "no name": (FILE.replace('name = "vanish"\n', ""), 'name is missing. Write name = "vanish".'),
    "name ../x": (FILE.replace('"vanish"', '"../x"'), 'name is "../x"', 'Write name = "x".'),
    "name absolute": (FILE.replace('"vanish"', '"/etc/x"'), 'name is "/etc/x"', 'Write name = "etc-x".'),
    "name a/b": (FILE.replace('"vanish"', '"a/b"'), 'name is "a/b"', 'Write name = "a-b".'),
    "name CON": (FILE.replace('"vanish"', '"CON"'), 'name is "CON"', "no device of Windows", '"run-con".'),
    "name of 300": (FILE.replace('"vanish"', f'"{"x" * 300}"'), 'name is "xxxx', "1 to 64 characters", '"xxxx'),
    "name with a newline": (FILE.replace('"vanish"', r'"a\nb"'), r"name is 'a\nb'", 'Write name = "a-b".'),
    "name an emoji": (FILE.replace('"vanish"', '"\N{ROCKET}"'), "name is", 'Write name = "vanish".'),
    "name with a dot at the end": (FILE.replace('"vanish"', '"a."'), 'name is "a."', 'Write name = "a".'),
    "name a number": (FILE.replace('"vanish"', "5"), "name is 5", 'Write name = "vanish".'),
    "title a number": (top("title = 5"), "title is 5; it must be one line"),
    "title that clears the screen": (top(r'title = "\u001b[2J"'), r"title is '\x1b[2J'", "printable"),
    "title of 10,000": (top(f'title = "{"x" * 10_000}"'), 'title is "xxx', "at most 200"),
    "no grid": (HEAD, "grid is missing; it must be a table [grid] with at least activation, width, length."),
    "grid a number": (HEAD + "grid = 5", "grid is 5; it must be a table [grid]"),
    "grid an empty list": (HEAD + "grid = []", "grid is an empty list; it must be a table"),
    "grid a list of numbers": (HEAD + "grid = [1, 2]", "grid is a list of 2 values; it must be a table"),
    "nothing required": (
        HEAD + "[grid]\nseed = 0\n",
        "grid.activation is missing; it must be one of tanh",
        "grid.width is missing",
    ),
    "second grid": (
        HEAD + GRID.replace("[grid]", "[[grid]]") + '[[grid]]\nactivation = "relu"\n',
        "grid[1].width is missing",
    ),
    "grids by the thousand": (
        HEAD + "grid = [" + ",".join(['{activation="tanh",width=1,length=1}'] * 1001) + "]",
        "grid has 1001 tables; at most 1000",
    ),
    "zip a text": (top('zip = "width"'), 'zip is "width"; it must be a list of lists', 'zip = [["width", "batch"]]'),
    "zip a flat list": (top('zip = ["width", "batch"]'), "zip is a list of 2 values; it must be a list of lists"),
    "zip of one": (top('zip = [["width"]]'), "zip[0] is a list of 1 value; it must name at least two axes"),
    "zip of a stranger": (
        top('zip = [["width", "bacth"]]'),
        'zip[0][1] is "bacth", which is unknown. Did you mean batch?',
    ),
    "zip of an absent axis": (top('zip = [["width", "batch"]]'), 'zip[0][1] is "batch", which is not in [grid]'),
    "zip twice": (
        top('zip = [["width", "length"], ["width", "activation"]]'),
        'zip[1][0] is "width", which is tied already',
    ),
    "zip of a number": (top("zip = [[1, 2]]"), "zip[0][0] is 1; it must be the name of an axis"),
    "zip of unequal lengths": (
        top('zip = [["width", "batch"]]').replace("width = 8", "width = [8, 16, 32]\nbatch = [1, 2]"),
        "zip ties axes of unequal length in grid: width has 3, batch has 2.",
        "equally many",
    ),
    "typo in a measure": (FILE + "[measure.gradient]\n", "measure.gradient is unknown. Did you mean gradients?"),
    "no such measure": (FILE + "[measure.zzz]\n", "measure.zzz is unknown. Known: gradients, lags."),
    "typo in a setting": (
        FILE + "[measure.gradients]\nstep = 3\n",
        "measure.gradients.step is unknown. Did you mean steps?",
    ),
    "setting of a wrong type": (
        FILE + '[measure.gradients]\nsteps = "all"\n',
        'measure.gradients.steps is "all"; it must be a valid',
        "It is which rows of gradients_by_step are written.",
    ),
    "setting out of bounds": (
        FILE + "[measure.gradients]\nskip = -1\n",
        "skip is -1; it must be greater than or equal to 0",
    ),
    "setting true for a number": (
        FILE + "[measure.gradients]\nskip = true\n",
        "skip is true; it must be a valid integer",
    ),
    "setting nan": (FILE + "[measure.gradients]\nskip = nan\n", "measure.gradients.skip is nan; settings are finite"),
    "setting 2^70": (FILE + f"[measure.gradients]\nskip = {2**70}\n", f"skip is {2**70}; settings are finite"),
    "setting a date": (FILE + "[measure.gradients]\nskip = 2024-01-01\n", "skip is the date 2024-01-01; settings are"),
    "setting with a bad item": (
        FILE + '[measure.lags]\nlags = [1, "x"]\n',
        'measure.lags.lags[1] is "x"; it must be a valid integer.',
    ),
    "measure a boolean": (
        HEAD + "measure.gradients = true\n" + GRID,
        "measure.gradients is true",
        "write [measure.gradients]",
    ),
    "measure a list": (
        HEAD + 'measure = ["gradients"]\n' + GRID,
        "measure is a list of 1 value; it must be a table for each",
    ),
    "measures": (FILE + "[measures.gradients]\n", "measures is unknown. Did you mean measure?"),
}
SYNTAX: dict[str, tuple[str | bytes, ...]] = {
    "word without quotes": (
        line("activation = tanh"),
        "line 6, column 14 is not TOML",
        "activation = tanh",
        "Words stand in quotes.",
    ),
    "key twice": (FILE + "width = 9\n", "line 7, column 10 is not TOML", "The line: width = 9"),
    "table twice": (FILE + "[grid]\n", "line 7, column", "is not TOML"),
    "bracket left open": (FILE + "seed = [1, 2\n", "is not TOML: Unclosed array", "line 8, column 1"),
    "text left open": (FILE + 'loss = "squared\n', "line 7, column 16 is not TOML"),
    "nothing after =": (FILE + "seed =\n", "line 7, column 7 is not TOML"),
    "prose": ("Dear rnnlab,\nplease run this.\n", "line 1, column 6 is not TOML"),
    "python": ("import os\nos.system('true')\n", "line 1, column 8 is not TOML"),
    "NUL": (FILE.encode() + b"seed = \x00\n", "line 7, column 8 is not TOML"),
    "NUL in a text": (FILE + 'loss = "\x00"\n', "line 7, column 9 is not TOML", "Illegal character"),
    "latin-1": (
        FILE.encode() + "# \xe9\n".encode("latin-1"),
        "line 7, column 3 is not UTF-8 (byte 0xe9); save the file as UTF-8.",
    ),
    "utf-16": (FILE.encode("utf-16"), "line 1, column 1 is not UTF-8 (byte 0xff); save the file as UTF-8."),
    "parquet": (b"PAR1\x15\x04\x15\xfe\x00", "is not UTF-8 (byte 0xfe)"),
    "carriage returns alone": (FILE.replace("\n", "\r"), "line 1, column", "is not TOML"),
    "two BOMs": ("\ufeff\ufeff" + FILE, "line 1, column 1 is not TOML"),
    "5,000 arrays deep": (
        FILE + "seed = " + "[" * 5000 + "]" * 5000,
        "line 7, column 24 has brackets more than 16 deep",
    ),
    "5,000 tables deep": (
        FILE + "seed = " + "{a=" * 5000 + "1" + "}" * 5000,
        "line 7, column 56 has brackets more than 16 deep",
    ),
    "20,000 dots": (FILE + ".".join("a" * 20_000) + " = 1", "line 7, column 1 has a key of more than 8 parts"),
    "20,000 dots in quotes": (FILE + ".".join(["'a'", '"b"'] * 10_000) + " = 1", "has a key of more than 8 parts"),
    "20,000 spaced dots": (
        FILE + "[" + " . ".join("a" * 20_000) + "]",
        "line 7, column 2 has a key of more than 8 parts",
    ),
    "5,000 digits": (FILE + "seed = " + "1" * 5000, "line 7, column 8 has a number of more than 1000 digits"),
    "500,000 hexadecimal digits": (
        FILE + "seed = 0x" + "f" * 500_000,
        "line 7, column 8 has a number of more than 1000",
    ),
    "100,000 tables": (
        FILE + "".join(f"[a{i}]\n" for i in range(100_000)),
        "line 5006, column 1 has more than 5000 tables",
    ),
    "80,000 deep tables": (FILE + "".join(f"[a{i:x}.b]\n" for i in range(80_000)), "has more than 5000 tables"),
    "80,000 unknown keys": (
        FILE + "".join(f"a{i} = 1\n" for i in range(80_000)),
        "grid.a0 is unknown",
        "the first 100.",
    ),
    "100,000 bad values": (FILE + "seed = [" + "-1," * 100_000 + "]", "grid.seed[99] is -1", "the first 100."),
    "more than 1 MiB": ("#" * (MIB + 1), "is larger than 1 MiB"),
    "1 MiB of quotes": ('"' * MIB, "is not TOML"),
    "1 MiB of escaped quotes": ('a = """' + '\\"""' * (MIB // 5), "line 1, column"),
    "1 MiB of brackets": ("[" * MIB, "has brackets more than 16 deep"),
    "1 MiB of letters": ("a" * MIB, "is not TOML"),
    "1 MiB of dots": ("." * MIB, "is not TOML"),
    "1 MiB of spaces": ("a" + " " * (MIB - 1), "is not TOML"),
    "1 MiB of headers on a line": ("[a]" * (MIB // 3), "line 1, column 4 is not TOML"),
}
CORPUS = {**VALUES, **RANGES, **KEYS, **SYNTAX}
