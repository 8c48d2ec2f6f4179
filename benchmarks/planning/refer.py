"""Fits the weights by which arguments are taken from the results of other tools."""
import sys,json,glob,math
import numpy as np
from collections import Counter
from benchmarks.planning.choose import toolboxes
from brain.intent_inference.calls.candidates import Offer
from brain.intent_inference.calls.features import Scene
from brain.intent_inference.calls.meaning import Meaning
from brain.intent_inference.calls.ranker import fill, weigh
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.calls.references import facts, nothing, _fits
from brain.intent_inference.inflection import root
from brain.language_models import WordLlamaEmbedder

from brain.intent_inference.calls.choice import judge
def looks_of(scene,best):
    made=[]
    for c in best.candidates:
        if c.is_absent: made.append("absent"); continue
        if c.first<0: made.append("meant"); continue
        t=scene.reading.tokens[c.first]
        made.append("quoted" if any(q[0]<=c.first<q[1] for q in scene.reading.quotes) else t.kind if t.kind!="word" else "name" if t.is_capital and c.first not in scene.reading.sentence_starts else "words")
    return made
def worth_of(scene,weights):
    best=fill(scene,weights)[0]
    return looks_of(scene,best),[weigh(scene.alone(i,scene.number(i,c)),weights)-weigh(scene.alone(i,0),weights) if not c.is_absent else 0.0 for i,c in enumerate(best.candidates)]

def rows(boxes,weights,meaning):
    for tools,ask,plan in boxes:
        by={t.name:t for t in tools}; offer=Offer(Reading(ask)); seen=set(); said=None
        for step in plan:
            if step["tool"] in seen: continue
            seen.add(step["tool"])
            if said is None:
                said=frozenset(root(t.lower) for t in offer.reading.tokens); judged={j.tool.name:weigh(j.features,weights) for j in judge(ask,tools,weights,meaning,offer)}
            tool=by[step["tool"]]; scene=Scene(offer,tool.name,tool.description,tool.arguments,meaning); looks,worth=worth_of(scene,weights)
            for i,a in enumerate(tool.arguments):
                v=step["arguments"].get(a.path[0]); gold=None
                if isinstance(v,str) and v.startswith("$") and "." in v:
                    k,_,f=v[1:].partition("."); gold=(plan[int(k)-1]["tool"],f)
                options=[dict(nothing(a,worth[i],looks[i]))]; right=[gold is None]
                for p in tools:
                    if p is tool: continue
                    for g in p.gives:
                        if _fits(a,g): options.append(dict(facts(tool,a,p,g,meaning,said,judged[p.name]))); right.append(gold==(p.name,g.name))
                if any(right): yield options,right

def fit(data,epochs=40,rate=.2,l2=.02,seed=0):
    rng=np.random.default_rng(seed); w=Counter(); g2={}
    for e in range(epochs):
        loss=wrong=ref=refok=0
        for k in rng.permutation(len(data)):
            o,r=data[k]; s=np.array([weigh(f,w) for f in o]); r=np.array(r); p=np.exp(s-s.max()); z=p.sum(); q=np.where(r,p,0); zr=q.sum(); loss-=math.log(zr/z)
            hit=bool(r[int(np.argmax(s))]); wrong+=not hit; 
            if not r[0]: ref+=1; refok+=hit
            d=p/z-q/zr; grad=Counter()
            for f,x in zip(o,d):
                if abs(x)>1e-6:
                    for n,v in f.items(): grad[n]+=x*v
            for n,g in grad.items():
                g+=l2/len(data)*w[n]*50; g2[n]=g2.get(n,1e-2)+g*g; w[n]-=rate*g/math.sqrt(g2[n])
    print("refer:",len(data),"arguments, wrong",round(wrong/len(data),4),"references",ref,"right",refok,"loss",round(loss/len(data),4))
    return {n:round(v,3) for n,v in w.items() if abs(v)>.005}

if __name__=="__main__":
    w=json.load(open(sys.argv[1])); m=Meaning(WordLlamaEmbedder())
    boxes=sorted(glob.glob("/tmp/examples/toolboxes/box*.yaml"))
    data=list(rows(toolboxes(boxes[:12]),w,m)); r=fit(data); test=list(rows(toolboxes(boxes[12:]),w,m))
    good=[(bool(np.array(rt)[int(np.argmax([weigh(f,r) for f in o]))]),not rt[0]) for o,rt in test]
    print("held out:",len(good),"right",sum(g for g,_ in good)/len(good),"references",sum(k for _,k in good),"right",sum(g for g,k in good if k))
    r=fit(list(rows(toolboxes(boxes),w,m)))
    json.dump({k:v for k,v in w.items() if not k.startswith("refer:")}|r,open(sys.argv[2],"w"),indent=0,sort_keys=True)
