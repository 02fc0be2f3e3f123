"""Drives the Python library. The protocol is that of serve.mjs."""

import base64
import json
import os
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TQDM_DISABLE"] = "1"
sys.dont_write_bytecode = True

model = None


def load(request):
    global model
    import sentence_transformers
    import torch

    torch.set_num_threads(request["threads"])
    model = sentence_transformers.SentenceTransformer(request["folder"], device="cpu")
    versions = f"sentence-transformers {sentence_transformers.__version__}, torch {torch.__version__}"
    return {"description": f"{versions}; Python {sys.version.split()[0]}"}


def run(texts, batch_size):
    return model.encode(
        texts[0] if len(texts) == 1 else texts, batch_size=batch_size, show_progress_bar=False
    )


def embed(request):
    vectors = run(request["texts"], request["batchSize"]).astype("<f4")
    return {"dimension": vectors.shape[-1], "base64": base64.b64encode(vectors.tobytes()).decode()}


def timed(request):
    passes = []
    begun = time.perf_counter()
    while not passes or time.perf_counter() - begun < request["minSeconds"]:
        started = time.perf_counter()
        run(request["texts"], request["batchSize"])
        passes.append(time.perf_counter() - started)
    return {"passes": passes}


def memory(_):
    try:
        with open("/proc/self/status", encoding="utf-8") as status:
            peak = next(line for line in status if line.startswith("VmHWM:"))
        return {"peakBytes": int(peak.split()[1]) * 1024}
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"peakBytes": peak if sys.platform == "darwin" else peak * 1024}


def installed(_):
    """Bytes of the library and of all that it needs, by what each distribution says it installed."""
    from importlib.metadata import PackageNotFoundError, distribution

    from packaging.requirements import Requirement

    seen = {}
    waiting = ["sentence-transformers"]
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in seen:
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # not installed: an optional dependency, or one of another platform
        paths = [found.locate_file(file) for file in found.files or []]
        seen[name] = sum(os.lstat(path).st_size for path in paths if os.path.exists(path))
        for text in found.requires or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return {"bytes": sum(seen.values())}


COMMANDS = {"load": load, "embed": embed, "time": timed, "memory": memory, "installed": installed}


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
