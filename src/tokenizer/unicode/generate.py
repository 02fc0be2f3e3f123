"""Writes tables.ts: the Unicode facts that the reference uses, asked of the reference itself.

JavaScript's \\p{...}, toLowerCase and normalize follow the engine's Unicode version, which changes from
engine to engine. The Python binding of `tokenizers` carries several frozen versions (of its crates and of
the Rust compiler that built it). Every table below is read off that binding, one code point at a time.

    python src/tokenizer/unicode/generate.py
"""

from pathlib import Path

import tokenizers
from tokenizers import normalizers, pre_tokenizers

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(n):
    out = ""
    while True:
        n, digit = divmod(n, 36)
        out = DIGITS[digit] + out
        if n == 0:
            return out


def encode_set(members):
    """Ranges as alternating gaps and lengths, in base 36."""
    numbers, position = [], 0
    members = sorted(members)
    i = 0
    while i < len(members):
        j = i
        while j + 1 < len(members) and members[j + 1] == members[j] + 1:
            j += 1
        numbers += [members[i] - position, members[j] - members[i] + 1]
        position = members[j] + 1
        i = j + 1
    return ",".join(map(base36, numbers))


def encode_mapping(pairs):
    """Runs of (start, count, step, delta): every step-th code point from start moves by delta."""
    runs = []
    pairs = sorted(pairs.items())
    i = 0
    while i < len(pairs):
        start, to = pairs[i]
        delta, best = to - start, (1, 1)
        for step in (1, 2):
            count, j = 1, i
            while j + 1 < len(pairs) and pairs[j + 1] == (pairs[j][0] + step, pairs[j][0] + step + delta):
                j += 1
                count += 1
            if count > best[0]:
                best = (count, step)
        count, step = best
        runs.append((start, count, step, delta))
        i += count
    out, position = [], 0
    for start, count, step, delta in runs:
        out += [base36(start - position), base36(count), base36(step), ("-" if delta < 0 else "") + base36(abs(delta))]
        position = start
    return ",".join(out)


def constant(name, value):
    """As Biome formats it."""
    line = f'export const {name} = "{value}";'
    return line if len(line) <= 110 else f'export const {name} =\n  "{value}";'


def pair(number, value):
    line = f'  [{number}, "{value}"],'
    return line if len(line) <= 110 else f'  [\n    {number},\n    "{value}",\n  ],'


def bert(**flags):
    options = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**(options | flags))


def changed_to(normalizer, wanted):
    return {c for c in CODE_POINTS if normalizer.normalize_str(chr(c)) == wanted}


def pieces(pre_tokenizer, text):
    return [piece for piece, _ in pre_tokenizer.pre_tokenize_str(text)]


bert_dropped = changed_to(bert(clean_text=True), "")
bert_chinese = {c for c in CODE_POINTS if bert(handle_chinese_chars=True).normalize_str(chr(c)) == f" {chr(c)} "}
mark_nonspacing = changed_to(bert(strip_accents=True), "")
combining_mark = changed_to(normalizers.StripAccents(), "")
white_space = {c for c in CODE_POINTS if pieces(pre_tokenizers.WhitespaceSplit(), f"a{chr(c)}a") == ["a", "a"]}
punctuation = {
    c for c in CODE_POINTS if pieces(pre_tokenizers.BertPreTokenizer(), f"a{chr(c)}a") == ["a", chr(c), "a"]
}
punctuation_ascii = {c for c in punctuation if c < 0x80}
numeric = {c for c in CODE_POINTS if pieces(pre_tokenizers.Digits(), f"a{chr(c)}a") == ["a", chr(c), "a"]}
# The pre-tokenizer Whitespace is the pattern \w+|[^\w\s]+ of Rust's regex crate.
word = {c for c in CODE_POINTS if pieces(pre_tokenizers.Whitespace(), f"a{chr(c)}a") == [f"a{chr(c)}a"]}

lower = {c: normalizers.Lowercase().normalize_str(chr(c)) for c in CODE_POINTS}
lower = {c: to for c, to in lower.items() if to != chr(c)}
lower_one = {c: ord(to) for c, to in lower.items() if len(to) == 1}
lower_many = {c: to for c, to in lower.items() if len(to) > 1}
assert lower_many == {0x130: "i\u0307"}, lower_many

nfd, nfkd = normalizers.NFD(), normalizers.NFKD()
nfc = normalizers.NFC()
canonical = {c for c in CODE_POINTS if nfd.normalize_str(chr(c)) != chr(c)}
compatible = {c for c in CODE_POINTS if nfkd.normalize_str(chr(c)) != chr(c)} - canonical
# Those whose NFKD differs from their NFD although both decompose are found by the engine's own NFKD.


def combining_classes():
    """The class of every code point, seen by which of two marks comes out first.

    Probe marks of known classes (Unicode guarantees that classes never change) are put before and after.
    """
    import unicodedata

    classes = {}
    for c in CODE_POINTS:
        candidate = unicodedata.combining(chr(c))
        if candidate == 0 or c in canonical:
            continue
        probe = "\u0345" if candidate != 240 else "\u0301"
        if candidate < 240:
            reorders = nfd.normalize_str("a" + probe + chr(c)) == "a" + chr(c) + probe
        else:
            reorders = nfd.normalize_str("a" + chr(c) + probe) == "a" + probe + chr(c)
        if reorders:
            classes.setdefault(candidate, set()).add(c)
    return classes


classes = combining_classes()
# Unassigned in the interpreter's table, yet combining in the reference: none may exist.
known = set().union(*classes.values())
for c in CODE_POINTS:
    if c not in known and c not in canonical:
        text = "a\u0345" + chr(c)
        assert nfd.normalize_str(text) == text, hex(c)

composed = {c for c in canonical if nfc.normalize_str(nfd.normalize_str(chr(c))) == chr(c)}

SETS = {
    "WHITE_SPACE": (white_space, "White_Space: Rust's char::is_whitespace and the regex crate's \\s."),
    "WORD": (word, "\\w of the regex crate."),
    "NUMERIC": (numeric, "Rust's char::is_numeric: Nd, Nl, No."),
    "BERT_DROPPED": (bert_dropped, "What BertNormalizer's clean_text removes: U+0000, U+FFFD and Cc, Cf, Co but \\t \\n \\r."),
    "BERT_CHINESE": (bert_chinese, "What BertNormalizer puts spaces around."),
    "PUNCTUATION": (punctuation, "ASCII punctuation and general category P."),
    "MARK_NONSPACING": (mark_nonspacing, "General category Mn."),
    "COMBINING_MARK": (combining_mark, "General category M, as StripAccents sees it."),
    "CANONICAL": (canonical, "Code points with a canonical decomposition (Hangul syllables among them)."),
    "COMPATIBLE": (compatible, "Code points with a compatibility decomposition only."),
    "COMPOSED": (composed, "Code points that NFC makes out of their decomposition."),
}

out = [
    "// Written by generate.py from the Python binding of tokenizers "
    + tokenizers.__version__
    + ". Do not edit.",
    "",
]
for name, (members, text) in SETS.items():
    out += [f"/** {text} {len(members)} code points. */", constant(name, encode_set(members)), ""]
out += [
    f"/** Rust's char::to_lowercase where one code point becomes one other: start gap, count, step, delta. {len(lower_one)} code points. */",
    constant("LOWERCASE", encode_mapping(lower_one)),
    "",
    "/** Canonical combining classes that are not 0: [class, set]. */",
    "export const COMBINING_CLASSES: readonly (readonly [number, string])[] = [",
    *[pair(k, encode_set(v)) for k, v in sorted(classes.items())],
    "];",
    "",
]
Path(__file__).with_name("tables.ts").write_text("\n".join(out), encoding="utf-8")
print({name: len(members) for name, (members, _) in SETS.items()}, len(lower_one), {k: len(v) for k, v in classes.items()})
