"""Fits the ranker's weights."""
import json, sys, time
from pathlib import Path
import numpy as np, yaml
from brain.intent_inference.calls.arguments import arguments_of
from brain.intent_inference.calls.candidates import Offer
from brain.intent_inference.calls.features import Scene, State
from brain.intent_inference.calls.meaning import Meaning
from brain.intent_inference.calls.reading import Reading
from brain.language_models import WordLlamaEmbedder
import re
from brain.intent_inference.calls.ranker import CLOSEST

def std(s): return re.sub(r"[ \,\.\/\-\_\*\^]","",s).lower().replace("'",'"')
def same(one, other):
    if isinstance(one,bool) or isinstance(other,bool): return one is other
    if isinstance(one,str) and isinstance(other,str): return std(one)==std(other)
    if isinstance(one,(int,float)) and isinstance(other,(int,float)): return abs(one-other)<1e-9*max(1,abs(one))
    if isinstance(one,list) and isinstance(other,list): return len(one)==len(other) and all(map(same,one,other))
    if isinstance(one,dict) and isinstance(other,dict): return one.keys()==other.keys() and all(same(one[k],other[k]) for k in one)
    return one==other

def own(paths):
    for path in paths:
        for tool in yaml.safe_load(open(path)):
            schema={"type":"object","properties":{n:{k:v for k,v in a.items() if k!="required"} for n,a in tool["arguments"].items()},"required":[n for n,a in tool["arguments"].items() if a.get("required")]}
            for r in tool["requests"]:
                yield tool["tool"],tool["description"],schema,r["ask"],r.get("calls",[r["call"]] if r.get("call") is not None else [])

VECTORS=None
def vectors(scene,position,argument,cs):
    """The argument's text, and the words of each candidate."""
    texts=[(scene.reading.quote(c.first,c.last) if c.first>=0 else str(c.value)) if argument.kind.value in ("text","date","option","other") and not c.is_absent else "" for c in cs]
    return scene._argument_vectors[position],texts
def decisions(examples, meaning):
    """(gold numbers, features of every candidate) per argument."""
    for name,desc,schema,ask,calls in examples:
        if len(calls)!=1: continue
        arguments=arguments_of(schema)
        scene=Scene(Offer(Reading(ask)),name,desc,arguments,meaning)
        state=State()
        for position,argument in enumerate(arguments):
            value=calls[0]
            for part in argument.path:
                value = value.get(part, None) if isinstance(value,dict) else None
            cs=scene.candidates(position)
            if value is None: gold=[0]
            else:
                gold=[i for i,c in enumerate(cs) if not c.is_absent and same(c.value,value)]
                coded=[i for i,c in enumerate(cs) if c.rule=="currency" and isinstance(value,str) and std(scene.reading.quote(c.first,c.last))==std(value)]
                gold=coded or gold
            if not gold:
                continue
            if VECTORS is not None: VECTORS.append(vectors(scene,position,argument,cs))
            yield gold,[{**scene.alone(position,i),**scene.beside(position,i,state)} for i in range(len(cs))]
            pick=gold[0]
            if len(gold)>1:
                used={t for _,o in state.chosen for t in range(o.first,o.last)}
                pick=next((g for g in gold if cs[g].first>=0 and not set(range(cs[g].first,cs[g].last))&used),gold[0])
            state=state.with_choice(position,cs[pick])

def fit(data, epochs=8, l2=1e-2, rate=0.3, seed=0, minimum=3):
    from collections import Counter
    count=Counter(n for gold,rows in data for n in {n for g in gold for n in rows[g]})
    total=Counter(n for gold,rows in data for n in {n for r in rows for n in r})
    names=sorted(n for n in total if total[n]>=minimum)
    index={n:i for i,n in enumerate(names)}
    packed=[]
    for gold,rows in data:
        cols=[];vals=[];ptr=[0]
        for r in rows:
            for n,v in r.items():
                i=index.get(n)
                if i is not None and v: cols.append(i); vals.append(v)
            ptr.append(len(cols))
        packed.append((np.array(gold),np.array(cols,dtype=np.int64),np.array(vals,dtype=np.float64),np.array(ptr)))
    w=np.zeros(len(names)); g2=np.full(len(names),1e-8)
    rng=np.random.default_rng(seed)
    n=len(packed)
    for e in range(epochs):
        loss=0
        for k in rng.permutation(n):
            gold,cols,vals,ptr=packed[k]
            rowid=np.repeat(np.arange(len(ptr)-1),np.diff(ptr))
            s=np.bincount(rowid,w[cols]*vals,minlength=len(ptr)-1)
            s-=s.max(); p=np.exp(s); p/=p.sum()
            q=np.zeros_like(p); q[gold]=p[gold]; z=q.sum(); q/=z; loss-=np.log(z)
            d=(p-q)[rowid]*vals
            u,inv=np.unique(cols,return_inverse=True)
            grad=np.bincount(inv,d)+l2/50*w[u]
            g2[u]+=grad**2
            w[u]-=rate*grad/np.sqrt(g2[u]+1e-6)
        print("epoch",e,round(loss/n,4),flush=True)
    return {n:round(float(x),3) for n,x in zip(names,w) if abs(x)>=0.005}

def problems(examples, meaning):
    """Scenes with the candidates that are right for each argument; None where none is."""
    for name,desc,schema,ask,calls in examples:
        if len(calls)!=1: continue
        arguments=arguments_of(schema)
        scene=Scene(Offer(Reading(ask)),name,desc,arguments,meaning)
        right=[]
        for position,argument in enumerate(arguments):
            value=calls[0]
            for part in argument.path:
                value = value.get(part, None) if isinstance(value,dict) else None
            cs=scene.candidates(position)
            if value is None: gold={0}
            else:
                gold={i for i,c in enumerate(cs) if not c.is_absent and same(c.value,value)}
                coded={i for i,c in enumerate(cs) if c.rule=="currency" and isinstance(value,str) and std(scene.reading.quote(c.first,c.last))==std(value)}
                gold=coded or gold
            right.append(gold or None)
        yield scene,right

class Packed:
    def __init__(self, scene, right, index):
        self.scene,self.right,self.index=scene,right,index
        self.rows=[]
        for position in range(len(scene.arguments)):
            self.rows.append([self.pack(scene.alone(position,i)) for i in range(len(scene.candidates(position)))])
        self.flat=[]
        for rows in self.rows:
            cols=np.concatenate([r[0] for r in rows]); vals=np.concatenate([r[1] for r in rows]); ids=np.repeat(np.arange(len(rows)),[len(r[0]) for r in rows])
            self.flat.append((cols,vals,ids,len(rows)))
    def pack(self,features):
        known=[(self.index[n],v) for n,v in features.items() if n in self.index and v]
        return np.array([k for k,_ in known],dtype=np.int64),np.array([v for _,v in known])
    def search(self,w,beam,forced=False):
        states=[(0.0,State(),[])]
        for position in range(len(self.scene.arguments)):
            cols,vals,ids,n=self.flat[position]
            alone=np.bincount(ids,w[cols]*vals,minlength=n)
            right=self.right[position]
            if forced and right is not None: numbers=sorted(right,key=lambda i:-alone[i])[:CLOSEST]
            else:
                numbers=list(np.argsort(-alone,kind="stable")[:CLOSEST])
                if 0 not in numbers: numbers.append(0)
            following=[]
            for score,state,path in states:
                for number in numbers:
                    extra=self.pack(self.scene.beside(position,number,state))
                    following.append((score+alone[number]+(w[extra[0]]@extra[1] if len(extra[0]) else 0.0),state,path,number,extra))
            following.sort(key=lambda e:-e[0])
            states=[(s,st.with_choice(position,self.scene.candidates(position)[number]),[*path,(number,extra)]) for s,st,path,number,extra in following[:beam]]
        return [(s,path) for s,_,path in states]
    def is_right(self,path):
        return all(right is None or number in right for (number,_),right in zip(path,self.right))
    def gradient(self,path,share,into):
        for position,(number,extra) in enumerate(path):
            for cols,vals in (self.rows[position][number],extra):
                for c,v in zip(cols.tolist(),vals.tolist()): into[c]=into.get(c,0.0)+share*v

def fit_calls(packed, w, epochs=5, rate=0.05, l2=1e-4, beam=12, seed=0):
    """Global normalisation: the right calls against all calls of the beam."""
    rng=np.random.default_rng(seed); g2=np.full(len(w),1e-2); total=np.zeros_like(w); steps=0
    for e in range(epochs):
        loss=wrong=0
        for k in rng.permutation(len(packed)):
            each=packed[k]
            found=each.search(w,beam)
            wrong+=not each.is_right(found[0][1])
            rights=[p for p in found if each.is_right(p[1])]
            if not rights:
                rights=each.search(w,2,forced=True); found=[*found,*rights]
            top=max(s for s,_ in found)
            z=sum(np.exp(s-top) for s,_ in found); zr=sum(np.exp(s-top) for s,_ in rights)
            loss-=np.log(zr/z)
            grad={}
            keep={id(p) for _,p in rights}
            for s,p in found:
                share=np.exp(s-top)/z-(np.exp(s-top)/zr if id(p) in keep else 0.0)
                if abs(share)>1e-6: each.gradient(p,share,grad)
            if grad:
                cols=np.fromiter(grad.keys(),dtype=np.int64); vals=np.fromiter(grad.values(),dtype=np.float64)+l2*w[list(grad.keys())]
                g2[cols]+=vals**2
                w[cols]-=rate*vals/np.sqrt(g2[cols])
            if e>=epochs//2: total+=w; steps+=1
        print("epoch",e,"loss",round(loss/len(packed),4),"wrong",round(wrong/len(packed),4),flush=True)
    return total/steps

def train(examples, meaning, local=None, **options):
    examples=list(examples)
    data=list(decisions(examples,meaning))
    start=fit(data,**(local or dict(epochs=10,rate=0.1,minimum=5)))
    names=sorted(start); index={n:i for i,n in enumerate(names)}
    packed=[Packed(scene,right,index) for scene,right in problems(examples,meaning) if scene.arguments]
    w=fit_calls(packed,np.array([start[n] for n in names]),**options)
    return {n:round(float(x),3) for n,x in zip(names,w) if abs(x)>=0.005}

if __name__=="__main__":
    t=time.time(); meaning=Meaning(WordLlamaEmbedder())
    w=train(own(sys.argv[2:]),meaning); print(len(w),"weights",time.time()-t)
    json.dump(w,open(sys.argv[1],"w"),indent=0,sort_keys=True)
