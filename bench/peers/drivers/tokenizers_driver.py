"""Drives the Python binding of `tokenizers`. The protocol is that of serve.mjs."""

import json
import os
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"
sys.dont_write_bytecode = True

tokenizer = None
fast = False


def load(request):
    global tokenizer, fast
    started = time.perf_counter()
    import tokenizers

    imported = time.perf_counter()
    tokenizer = tokenizers.Tokenizer.from_file(request["folder"] + "/tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    fast = request["fast"]
    return {
        "description": f"tokenizers {tokenizers.__version__}; Python {sys.version.split()[0]}",
        "loadSeconds": time.perf_counter() - imported,
        "importSeconds": imported - started,
    }


def ids_of(text):
    """Without offsets, there is only a method for batches."""
    return tokenizer.encode_batch_fast([text])[0].ids if fast else tokenizer.encode(text).ids


def timed(request):
    passes = []
    begun = time.perf_counter()
    while not passes or time.perf_counter() - begun < request["minSeconds"]:
        started = time.perf_counter()
        for text in request["texts"]:
            len(ids_of(text))
        passes.append(time.perf_counter() - started)
    return {"passes": passes}


def count(request):
    return {"counts": [token for text in request["texts"] for token in ids_of(text)]}


def prepare(request):
    """Writes the tokenizer.json of a folder that has the vocabulary files alone."""
    from transformers import AutoTokenizer

    AutoTokenizer.from_pretrained(request["folder"]).save_pretrained(request["into"])
    return {}


COMMANDS = {"load": load, "time": timed, "count": count, "prepare": prepare}


def main():
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = COMMANDS[request["command"]](request)
        except Exception as error:  # whatever it is, the harness names it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print("@bench " + json.dumps({"id": request["id"], **answer}), flush=True)


if __name__ == "__main__":
    main()
