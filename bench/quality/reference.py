"""BM25 by bm25s. Reads {"documents": [[token]], "queries": [[token]]}; prints of each query the places of its best documents and their scores.

reference.py INPUT.json COUNT
"""

import json
import sys

import bm25s
import numpy


def best(scores, count):
    places = numpy.argsort(-scores, kind="stable")[:count]
    return [[int(i), float(scores[i])] for i in places if scores[i] > 0]


def main(source, count):
    with open(source, encoding="utf8") as file:
        held = json.load(file)
    index = bm25s.BM25(method="lucene", k1=1.2, b=0.75)  # as LanceDB
    index.index(held["documents"], show_progress=False)
    print(json.dumps([best(index.get_scores(query), int(count)) for query in held["queries"]]))


main(*sys.argv[1:])
