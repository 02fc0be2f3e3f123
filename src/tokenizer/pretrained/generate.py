"""Writes reference-classes.ts: which tokenizer class the reference takes for which name and model type.

    python src/tokenizer/pretrained/generate.py
"""

import re
from pathlib import Path

import transformers
from transformers.models.auto.tokenization_auto import (
    MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS,
    TOKENIZER_MAPPING_NAMES,
    tokenizer_class_from_name,
)
from transformers.tokenization_utils_tokenizers import TokenizersBackend

names = {name for name in TOKENIZER_MAPPING_NAMES.values() if name}
# Names that the library knows without listing them are found by reading it.
for file in Path(transformers.__file__).parent.rglob("*.py"):
    names |= set(re.findall(r"\b[A-Z]\w*Tokenizer(?:Fast)?\b", file.read_text(encoding="utf-8")))
names |= {name.removesuffix("Fast") for name in names}

classes = {}
for name in sorted(names):
    try:
        found = tokenizer_class_from_name(name)
    except Exception:  # a class whose own dependency is missing
        continue
    if found is None or not isinstance(found, type):
        continue
    if found.__name__ in ("TokenizersBackend", "PythonBackend"):
        kind = ""
    elif not issubclass(found, TokenizersBackend):
        kind = "python:" + found.__name__
    else:
        # A class that inherits the __init__ of one that rebuilds changes what it takes from tokenizer.json.
        kind = "" if found.__init__ is TokenizersBackend.__init__ else found.__name__
    classes[name] = kind



def key(name):
    return name if name.isidentifier() else f'"{name}"'


lines = [
    f"// Written by generate.py from transformers {transformers.__version__}. Do not edit.",
    "",
    "/**",
    " * Class name → the class that rebuilds the pipeline, or changes parts of it; \"\" where tokenizer.json is used as it",
    " * is; \"python:…\" where the class is not built on the `tokenizers` library.",
    " */",
    "export const CLASSES: { readonly [name: string]: string } = {",
    *[f'  {name}: "{kind}",' for name, kind in sorted(classes.items())],
    "};",
    "",
    "/** model_type → the name of the class that is registered for it. */",
    "export const CLASS_OF_MODEL_TYPE: { readonly [modelType: string]: string } = {",
    *[f"  {key(model_type)}: \"{name}\"," for model_type, name in sorted(TOKENIZER_MAPPING_NAMES.items()) if name],
    "};",
    "",
    "/** Model types whose files name a wrong class: the registered one is taken. */",
    "export const WRONGLY_NAMED_MODEL_TYPES: readonly string[] = [",
    *[f'  "{model_type}",' for model_type in sorted(MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS)],
    "];",
    "",
]
Path(__file__).with_name("reference-classes.ts").write_text("\n".join(lines), encoding="utf-8")
