"""Writes tables.ts: the Unicode facts that the reference uses, asked of the reference itself.

JavaScript's \\p{...}, toLowerCase and normalize follow the engine's Unicode version, which changes from
engine to engine. The Python binding of `tokenizers` carries several frozen versions (of its crates and of
the Rust compiler that built it). Every table below is read off that binding, one code point at a time.

    python src/tokenizer/unicode/generate.py
"""

import struct
from pathlib import Path

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

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


def entry(name, value):
    line = f'  {name}: "{value}",'
    return line if len(line) <= 110 else f'  {name}:\n    "{value}",'


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


# ── Properties of Oniguruma's regular expressions ──────────────────────────────────────────────────────

EVERYTHING = "".join(map(chr, CODE_POINTS))
CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn".split()
SCRIPTS = (
    "Arabic Armenian Bengali Bopomofo Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Han Hangul "
    "Hebrew Hiragana Kannada Katakana Khmer Lao Latin Malayalam Mongolian Myanmar Oriya Sinhala Tamil Telugu Thai Tibetan"
).split()


def matched(pattern):
    """The code points that a pattern of one character matches."""
    split = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    return {ord(character) for piece, _ in split.pre_tokenize_str(EVERYTHING) for character in piece}


category_of = {}
for name in CATEGORIES:
    for c in matched(rf"\p{{{name}}}"):
        assert c not in category_of, hex(c)
        category_of[c] = name
assert len(category_of) == len(CODE_POINTS)


def encode_categories():
    """Runs of one category: index of the category and length, in base 36."""
    out, start = [], 0
    values = [category_of.get(c, "Cs") for c in range(0x110000)]
    names = [*CATEGORIES, "Cs"]
    for c in range(1, 0x110001):
        if c == 0x110000 or values[c] != values[start]:
            out += [base36(names.index(values[start])), base36(c - start)]
            start = c
    return ",".join(out)


scripts = {name: matched(rf"\p{{{name}}}") for name in SCRIPTS}
alphabetic = matched(r"\p{Alphabetic}")
space_onig, word_onig, digit_onig = matched(r"\s"), matched(r"\w"), matched(r"\d")
assert digit_onig == {c for c in CODE_POINTS if category_of[c] == "Nd"}
assert space_onig == white_space, space_onig ^ white_space

# ── Grapheme clusters, as far as the normalizer Precompiled can tell them apart ─────────────────────────


def charsmap(key):
    """A precompiled charsmap that maps `key` to Q: a cluster of up to 5 bytes that begins with it becomes Q."""
    array = [0] * (256 * (len(key) + 3))

    def unit(offset, leaf, label):
        return ((offset >> 8) << 10) | (1 << 9) | (leaf << 8) | label

    array[0] = unit(256, False, 0)
    base = 256
    for i, byte in enumerate(key):
        position = base ^ byte
        offset = (position & ~0xFF) ^ (256 * (i + 2))
        array[position] = unit(offset, i == len(key) - 1, byte)
        base = position ^ offset
    array[base] = 1 << 31
    packed = struct.pack(f"<{len(array)}I", *array)
    return normalizers.Precompiled(struct.pack("<I", len(packed)) + packed + b"Q\0")


def maps(character):
    return charsmap(character.encode()).normalize_str


maps_a = maps("a")
attaches = {c for c in CODE_POINTS if maps_a("a" + chr(c)) == "Q" and c != 0x61}
prepend = {c for c in CODE_POINTS if maps_a(chr(c) + "a\u0300").endswith("Q\u0300")}
control = {
    c
    for c in CODE_POINTS
    if c < 0x10000 and category_of[c] in ("Cc", "Cf", "Zl", "Zp", "Cn") and c not in attaches | prepend
    and maps(chr(c))(chr(c) + "\u0300") == "Q\u0300"
}  # fmt: skip
# Beyond the basic plane a cluster with a mark has at least 6 bytes: whether it breaks is never seen.
maps_sun = maps("\u2600")
pictographic = {
    c
    for c in CODE_POINTS
    if c != 0x2600 and maps_sun(chr(c) + "\u200d\u2600\u0300") == chr(c) + "\u200dQ\u0300"
} | {0x2600}
assert {0xA9, 0xAE, 0x2122, 0x2139, 0x1F600} <= pictographic and 0x2190 not in pictographic
# Indic conjuncts (GB9c) join two letters of 3 bytes each around a linker.
devanagari = maps("\u0937")("\u0915\u094d\u0937\u0300")
print("Indic conjuncts join:", devanagari == "\u0915\u094dQ\u0300")
assert devanagari == "\u0915\u094dQ\u0300"
INDIC = [c for c in range(0x900, 0x2000) if category_of[c] in ("Lo", "Mn", "Mc")]
linker = {c for c in INDIC if c in attaches and maps("\u0937")("\u0915" + chr(c) + "\u0937\u0300") == "\u0915" + chr(c) + "Q\u0300"}
maps_ssa = maps("\u0937")
consonant = {c for c in INDIC if maps_ssa(chr(c) + "\u094d\u0937\u0300") == chr(c) + "\u094dQ\u0300"} | {0x937}
assert {0x915, 0x937, 0x995} <= consonant
# What may stand between linker and consonants: Extend and ZWJ, but not SpacingMark.
conjunct_extend = {
    c for c in attaches if maps("\u0937")("\u0915\u094d" + chr(c) + "\u0937\u0300") == "\u0915\u094d" + chr(c) + "Q\u0300"
}  # fmt: skip
# Between a pictograph and its joiner only Extend may stand.
emoji_extend = {
    c for c in attaches if maps("\u2600")("\u00a9" + chr(c) + "\u200d\u2600\u0300").endswith("Q\u0300")
}  # fmt: skip
print({name: len(globals()[name]) for name in ("attaches", "prepend", "control", "pictographic", "linker", "consonant", "conjunct_extend", "emoji_extend")})
print([hex(c) for c in sorted(attaches - conjunct_extend - linker)][:20], [hex(c) for c in sorted((conjunct_extend ^ emoji_extend))][:20], [hex(c) for c in sorted(linker)])

# ── The scripts of the pre-tokenizer UnicodeScripts ─────────────────────────────────────────────────────

unicode_scripts = pre_tokenizers.UnicodeScripts()


def same_script(a, b):
    return len(pieces(unicode_scripts, a + b)) == 1


def script_classes():
    """A number for every code point: equal numbers are one script, 0 goes with all."""
    numbers, examples = {}, []
    known, number = "", 0
    for c in CODE_POINTS:
        character = chr(c)
        if known and number > 0 and same_script(known, character) and not goes_with_all(character):
            numbers[c] = number
            continue
        known = character
        if goes_with_all(character):
            number = 0
        else:
            number = next((i + 1 for i, example in enumerate(examples) if same_script(example, character)), 0)
            if number == 0:
                examples.append(character)
                number = len(examples)
        numbers[c] = number
    return numbers


def goes_with_all(character):
    return same_script("a", character) and same_script("\u0431", character)


script_of = script_classes()


def encode_scripts():
    out, start = [], 0
    values = [script_of.get(c, -1) for c in range(0x110000)]
    for c in range(0xD800, 0xE000):
        values[c] = values[0xD7FF]  # never asked
    for c in range(1, 0x110001):
        if c == 0x110000 or values[c] != values[start]:
            out += [base36(values[start]), base36(c - start)]
            start = c
    return ",".join(out)


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
    "ALPHABETIC": (alphabetic, "\\p{Alphabetic} of Oniguruma."),
    "WORD_ONIGURUMA": (word_onig, "\\w of Oniguruma."),
    "GRAPHEME_ATTACHES": (attaches, "Grapheme clusters: what attaches to the character before it (Extend, ZWJ, SpacingMark)."),
    "GRAPHEME_PREPEND": (prepend, "Grapheme clusters: what attaches to the character after it."),
    "GRAPHEME_CONTROL": (control, "Grapheme clusters: what stands alone, in the basic plane."),
    "GRAPHEME_PICTOGRAPHIC": (pictographic, "Grapheme clusters: what a joiner joins."),
    "GRAPHEME_EXTEND": (emoji_extend, "Grapheme clusters: what may stand between a pictograph and its joiner."),
    "GRAPHEME_CONSONANT": (consonant, "Grapheme clusters: Indic consonants, which a linker joins."),
    "GRAPHEME_LINKER": (linker, "Grapheme clusters: Indic linkers."),
    "GRAPHEME_CONJUNCT": (conjunct_extend, "Grapheme clusters: what may stand beside a linker between consonants."),
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
    "/** Names of the general categories, in the order of GENERAL_CATEGORIES. */",
    f'export const CATEGORY_NAMES = "{" ".join([*CATEGORIES, "Cs"])}";',
    "",
    "/** The general category of every code point, as Oniguruma sees it: runs of index and length, in base 36. */",
    constant("GENERAL_CATEGORIES", encode_categories()),
    "",
    "/** The scripts that Oniguruma's \\\\p{…} is known by here. */",
    "export const SCRIPTS: { readonly [name: string]: string } = {",
    *[entry(name, encode_set(members)) for name, members in scripts.items()],
    "};",
    "",
    "/** What the pre-tokenizer UnicodeScripts tells apart: runs of a number and a length, in base 36. 0 goes with all. */",
    constant("UNICODE_SCRIPTS", encode_scripts()),
    "",
    "/** Canonical combining classes that are not 0: [class, set]. */",
    "export const COMBINING_CLASSES: readonly (readonly [number, string])[] = [",
    *[pair(k, encode_set(v)) for k, v in sorted(classes.items())],
    "];",
    "",
]
Path(__file__).with_name("tables.ts").write_text("\n".join(out), encoding="utf-8")
print({name: len(members) for name, (members, _) in SETS.items()}, len(lower_one), {k: len(v) for k, v in classes.items()})
