"""Fits the weights by which tools are chosen."""
import sys,json,glob,random,math
import numpy as np, yaml
from collections import Counter
from benchmarks.planning.train import own
from brain.intent_inference.calls.choice import Callable, Field, judge
from brain.intent_inference.calls.ranker import weigh
from brain.intent_inference.calls.meaning import Meaning
from brain.language_models import WordLlamaEmbedder

def schema_of(arguments):
    return {"type":"object","properties":{n:{k:v for k,v in a.items() if k!="required"} for n,a in arguments.items()},"required":[n for n,a in arguments.items() if a.get("required")]}

def toolboxes(paths):
    for path in paths:
        box=yaml.safe_load(open(path))
        tools=[Callable(t["tool"],t["description"],schema_of(t["arguments"]),tuple(Field(n,f.get("type",""),f.get("description","")) for n,f in t.get("gives",{}).items())) for t in box["tools"]]
        for r in box["requests"]: yield tools,r["ask"],r["plan"] or []

def rows(examples,boxes,weights,meaning,seed=0):
    rng=random.Random(seed)
    tools={e[0]:Callable(e[0],e[1],e[2]) for e in examples}
    names=sorted(tools); vec=meaning.of([f"{tools[n].name_words}. {tools[n].description}" for n in names]); at={n:i for i,n in enumerate(names)}
    for name,_,_,ask,calls in examples:
        if rng.random()<.5: 
            near=np.argsort(-(vec@vec[at[name]]))[1:12]
            others=[names[k] for k in rng.sample(list(near),2)]+rng.sample([n for n in names if n!=name],2)
        else: others=[]
        box=[tools[n] for n in dict.fromkeys([name,*others])]; rng.shuffle(box)
        for j in judge(ask,box,weights,meaning): 
            if j.tool.name==name or rng.random()<.7: yield j.features, bool(calls) and j.tool.name==name
        near=np.argsort(-(vec@vec[at[name]]))[1:40]
        for wrong in [tools[names[rng.choice(list(near))]],tools[rng.choice(names)]]:
            if wrong.name!=name and rng.random()<.6:
                for j in judge(ask,[wrong],weights,meaning): yield j.features, False
    for box,ask,plan in boxes:
        used={s["tool"] for s in plan}
        for j in judge(ask,box,weights,meaning): yield j.features, j.tool.name in used

def fit_choice(data,l2=1.0,steps=600,rate=.1):
    count=Counter(n for f,_ in data for n in f); names=sorted(n for n,k in count.items() if k>=5); ix={n:i for i,n in enumerate(names)}
    x=np.zeros((len(data),len(names))); y=np.array([float(b) for _,b in data])
    for i,(f,_) in enumerate(data):
        for n,v in f.items():
            if n in ix: x[i,ix[n]]=v
    v=np.zeros(len(names)); g2=np.full(len(names),1e-8)
    for _ in range(steps):
        p=1/(1+np.exp(-(x@v))); g=(x.T@(p-y)+l2*v)/len(y); g2+=g*g; v-=rate*g/np.sqrt(g2)
    p=1/(1+np.exp(-(x@v))); print("choice:",len(y),"rows",round(y.mean(),3),"accuracy",round(((p>.5)==y).mean(),4),"recall",round(((p>.5)&(y>0)).sum()/y.sum(),3),"precision",round(((p>.5)&(y>0)).sum()/(p>.5).sum(),3))
    return {n:round(float(k),3) for n,k in zip(names,v)}

if __name__=="__main__":
    w=json.load(open(sys.argv[1])); m=Meaning(WordLlamaEmbedder())
    data=list(rows(list(own(sorted(glob.glob("/tmp/examples/*.yaml")))),list(toolboxes(sorted(glob.glob("/tmp/examples/toolboxes/box*.yaml")))),w,m))
    json.dump(w|fit_choice(data),open(sys.argv[2],"w"),indent=0,sort_keys=True)
