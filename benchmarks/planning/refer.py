"""Fits the weights by which arguments are taken from the results of other tools."""

import sys, json, glob, math
import numpy as np
from collections import Counter
from benchmarks.planning.choose import toolboxes
from brain.intent_inference.calls.ranker import weigh
from brain.intent_inference.calls.references import from_request, from_tool, is_possible
from brain.intent_inference.calls.tool_choice import judge
from brain.intent_inference.similarity import Similarity
from brain.language_models import WordLlamaEmbedder


def rows(boxes, weights, similarity):
    for tools, ask, plan in boxes:
        if not plan:
            continue
        judged = {j.tool.name: j for j in judge(ask, tools, weights, similarity)}
        seen = set()
        scores = {n: weigh(j.facts, weights) for n, j in judged.items()}
        for step in plan:
            if step["tool"] in seen:
                continue
            seen.add(step["tool"])
            j = judged[step["tool"]]
            for i, a in enumerate(j.tool.arguments):
                v = step["arguments"].get(a.path[0])
                gold = None
                if isinstance(v, str) and v.startswith("$") and "." in v:
                    k, _, f = v[1:].partition(".")
                    gold = (plan[int(k) - 1]["tool"], f)
                options = [dict(from_request(j.worths, i, j.choice.candidates[i]))]
                right = [gold is None]
                for p in tools:
                    if p is j.tool:
                        continue
                    for g in p.outputs:
                        if is_possible(a, g):
                            options.append(dict(from_tool(j, a, p, g, scores[p.name])))
                            right.append(gold == (p.name, g.name))
                if any(right):
                    yield options, right


def fit(data, epochs=40, rate=0.2, l2=0.02, seed=0):
    rng = np.random.default_rng(seed)
    w = Counter()
    g2 = {}
    for e in range(epochs):
        loss = wrong = ref = refok = 0
        for k in rng.permutation(len(data)):
            o, r = data[k]
            s = np.array([weigh(f, w) for f in o])
            r = np.array(r)
            p = np.exp(s - s.max())
            z = p.sum()
            q = np.where(r, p, 0)
            zr = q.sum()
            loss -= math.log(zr / z)
            hit = bool(r[int(np.argmax(s))])
            wrong += not hit
            if not r[0]:
                ref += 1
                refok += hit
            d = p / z - q / zr
            grad = Counter()
            for f, x in zip(o, d):
                if abs(x) > 1e-6:
                    for n, v in f.items():
                        grad[n] += x * v
            for n, g in grad.items():
                g += l2 / len(data) * w[n] * 50
                g2[n] = g2.get(n, 1e-2) + g * g
                w[n] -= rate * g / math.sqrt(g2[n])
    print(
        "refer:",
        len(data),
        "arguments, wrong",
        round(wrong / len(data), 4),
        "references",
        ref,
        "right",
        refok,
        "loss",
        round(loss / len(data), 4),
    )
    return {n: round(v, 3) for n, v in w.items() if abs(v) > 0.005}


if __name__ == "__main__":
    w = json.load(open(sys.argv[1]))
    m = Similarity(WordLlamaEmbedder())
    boxes = sorted(glob.glob("benchmarks/planning/examples/toolboxes/box*.yaml"))
    data = list(rows(toolboxes(boxes), w, m))
    r = fit(data)
    json.dump(
        {k: v for k, v in w.items() if not k.startswith("refer:")} | r, open(sys.argv[2], "w"), indent=0, sort_keys=True
    )
