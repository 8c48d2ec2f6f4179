"""Fits the ranker's weights to calls written by hand: `python -m benchmarks.planning.train WEIGHTS EXAMPLE.yaml ...`."""

import json
import math
import re
import sys
import time
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import yaml

from brain.intent_inference.calls.arguments import arguments_of
from brain.intent_inference.calls.candidates import ABSENT, Candidate, Offer
from brain.intent_inference.calls.columns import Column, Columns, Table
from brain.intent_inference.calls.features import Scene, State
from brain.intent_inference.calls.meaning import Meaning
from brain.intent_inference.calls.ranker import fill
from brain.intent_inference.calls.reading import Reading
from brain.language_models import WordLlamaEmbedder


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

def right_candidates(scene, call):
    right=[]
    for position,argument in enumerate(scene.arguments):
        value=call
        for part in argument.path:
            value = value.get(part, None) if isinstance(value,dict) else None
        cs=scene.candidates(position)
        if value is None: gold=[ABSENT]
        else:
            gold=[c for c in cs if not c.is_absent and same(c.value,value)]
            coded=[c for c in cs if c.rule=="currency" and isinstance(value,str) and std(scene.reading.quote(c.first,c.last))==std(value)]
            gold=coded or gold
        right.append(gold or None)
    return right

class Example:
    def __init__(self, name, desc, schema, ask, calls, meaning):
        self.scene=Scene(Offer(Reading(ask)),name,desc,arguments_of(schema),meaning)
        self.rights=[right_candidates(self.scene,call) for call in calls]
        self.count=len(calls)
        self.is_whole=all(r is not None for call in self.rights for r in call)
    def is_right(self, way):
        calls=way.calls if isinstance(way,Table) else way
        if len(calls)!=self.count: return False
        left=list(range(self.count))
        for call in calls:
            hit=next((k for k in left if all(r is None or any(c is g for g in r) for c,r in zip(call,self.rights[k]))),None)
            if hit is None: return False
            left.remove(hit)
        return True
    def _old(self, calls):
        return len(calls)==self.count and all(r is None or any(c is g for g in r) for call,right in zip(calls,self.rights) for c,r in zip(call,right))
    def features_of(self, calls, weights):
        scene=self.scene; made={}
        if isinstance(calls,Table): calls=list(zip(*(c.members for c in calls.columns)))
        def add(pairs):
            for n,v in pairs: made[n]=made.get(n,0.0)+v
        if len(calls)==1:
            state=State()
            for position,c in enumerate(calls[0]):
                number=scene.number(position,c); add(scene.alone(position,number).items()); add(scene.beside(position,number,state).items())
                state=state.with_choice(position,c)
        else:
            columns=Columns(scene,weights)
            table=Table(); add(columns.of_request(len(calls)))
            for position,members in enumerate(zip(*calls)):
                column=Column(tuple(members)); distinct=list({id(m):m for m in members}.values())
                for m in distinct: add((n,v/len(distinct)) for n,v in scene.alone(position,scene.number(position,m)).items())
                add(columns.of_column(position,column)); add(columns.beside(position,column,table)); table=table.with_column(column)
        return made
    def gold(self, weights):
        """The best right ways to fill the calls."""
        scene=self.scene
        if self.count==1:
            states=[(0.0,State())]
            for position,right in enumerate(self.rights[0]):
                options=right if right is not None else [scene.candidates(position)[i] for i in range(min(len(scene.candidates(position)),1))]
                nxt=[]
                for s,st in states:
                    for c in options[:12]:
                        n=scene.number(position,c)
                        nxt.append((s+w(scene.alone(position,n),weights)+w(scene.beside(position,n,st),weights),st.with_choice(position,c)))
                nxt.sort(key=lambda e:-e[0]); states=nxt[:3]
            return [[tuple(c for _,c in st.chosen)] for _,st in states]
        rows=[]; paired="respectively" in scene.lowers
        rights=self.rights
        if not paired and self.count in (4,9) and self.is_whole:
            k=int(self.count**.5); ids=lambda r: tuple(id(c) for c in r)
            varied=[p for p in range(len(scene.arguments)) if len({ids(call[p]) for call in rights})>1]
            if len(varied)==2 and all(len({ids(call[p]) for call in rights})==k for p in varied):
                seen={}
                for p in varied:
                    order=[]
                    for call in rights:
                        if ids(call[p]) not in [ids(o) for o in order]: order.append(call[p])
                    seen[p]=order
                rights=[[seen[p][i] if p in seen else call[p] for p in range(len(call))] for i,call in zip(range(k),rights[:1]*k)]
        for position in range(len(scene.arguments)):
            sets=[call[position] for call in rights]
            if any(s is None for s in sets): return []
            common=[c for c in sets[0] if all(any(c is d for d in s) for s in sets)]
            if common: rows.append([(c,)*len(rights) for c in common[:3]]); continue
            if any(c.is_absent for s in sets for c in s): return []
            runs=[]
            for head in sets[0][:3]:
                run=[head]
                for s in sets[1:]:
                    run.append(next((c for c in s if c.first>=run[-1].last>0),s[0]))
                runs.append(tuple(run))
            if any(c.first<0 for r in runs for c in r): return []
            rows.append(runs[:2])
        return [t for t in (Table(tuple(Column(tuple(m)) for m in combo),paired) for combo in list(product(*rows))[:6]) if self.is_right(t)]

def w(features, weights): return sum(weights.get(n,0.0)*v for n,v in features.items())

def fit(examples, start=None, epochs=4, rate=0.08, l2=1e-5, seed=0, beam=8, minimum=5, most=None):
    rng=np.random.default_rng(seed); weights=dict(start or {}); g2={}; total=Counter(); steps=0; seen=Counter()
    for e in range(epochs):
        loss=wrong=n=0; by=Counter(); t=time.time()
        for k in rng.permutation(len(examples)):
            each=examples[k]; scene=each.scene
            beams=[[c.candidates] for c in fill(scene,weights,beam)]
            if each.is_whole and scene.arguments:
                columns=Columns(scene,weights)
                counts={2,each.count} if each.count>1 else {2} if rng.random()<0.7 else {3}
                if each.count>1: counts|={2,3,each.count+1,max(2,each.count-1)}
                if each.count in (4,9): counts.add(int(each.count**.5))
                for count in counts:
                    if 1<count<=6: beams+=[table for _,table in columns.search(count,4)]
            elif each.count>1: continue
            golds=each.gold(weights)
            if not golds: continue
            keys=set(); paths=[]
            for calls in beams+golds:
                key=tuple(id(c) for column in calls.columns for c in column.members) if isinstance(calls,Table) else tuple(id(c) for call in calls for c in call)
                if key not in keys: keys.add(key); paths.append(calls)
            feats=[each.features_of(c,weights) for c in paths]
            scores=np.array([w(f,weights) for f in feats])
            right=np.array([each.is_right(c) for c in paths])
            if not right.any(): continue
            wrong+=not right[int(np.argmax(scores))]; n+=1; by[each.count>1,bool(right[int(np.argmax(scores))])]+=1
            p=np.exp(scores-scores.max()); z=p.sum(); q=np.where(right,p,0); zr=q.sum(); loss-=math.log(zr/z)
            d=p/z-q/zr
            grad={}
            for f,s in zip(feats,d):
                if abs(s)>1e-6:
                    for name,v in f.items(): grad[name]=grad.get(name,0.0)+s*v
            for name,g in grad.items():
                g+=l2*weights.get(name,0.0)
                g2[name]=g2.get(name,1e-2)+g*g; seen[name]+=1
                weights[name]=weights.get(name,0.0)-rate*(3 if name.startswith(MANY) else 1)*g/math.sqrt(g2[name])
            if e>=epochs//2 and n%20==0:
                for name,v in weights.items(): total[name]+=v
                steps+=1
        print("epoch",e,"loss",round(loss/n,4),"wrong",round(wrong/n,4),dict(by),round(time.time()-t),"s",flush=True)
    return {name:round(v/steps,3) for name,v in sorted(total.items()) if seen[name]>=minimum*epochs/2 and abs(v/steps)>=0.005}

def calls_of(path): return path.calls if isinstance(path,Table) else path

MANY=("column ","step ","calls ","columns ")

def fit_counts(examples, weights, rounds=3, epochs=40, rate=0.2, l2=0.3, seed=0):
    """How many calls, with what each value is worth held fast: the best tables of every count against the right one."""
    rng=np.random.default_rng(seed); weights=dict(weights)
    chosen=[e for e in examples if e.is_whole and e.scene.arguments]
    singles=[e for e in chosen if e.count==1]; many=[e for e in chosen if e.count>1]
    pick=[*many,*[singles[k] for k in rng.permutation(len(singles))[:3*len(many)]]]
    kept={}
    for r in range(rounds):
        rows=[]; t=time.time()
        for each in pick:
            golds=each.gold(weights)
            if not golds: continue
            columns=Columns(each.scene,weights)
            paths=[[fill(each.scene,weights)[0].candidates]]
            for count in range(2,7): paths+=[table for _,table in columns.search(count,4)]
            keys=set(); unique=[]
            for path in kept.get(id(each),[])+paths+golds[:2]:
                key=tuple(id(c) for column in path.columns for c in column.members) if isinstance(path,Table) else tuple(id(c) for call in path for c in call)
                if key not in keys: keys.add(key); unique.append(path)
            kept[id(each)]=unique
            feats=[each.features_of(x,weights) for x in unique]
            right=np.array([len(calls_of(x))==1 if each.count==1 else each.is_right(x) for x in unique])
            if right.any() and not right.all(): rows.append((feats,right))
        count=Counter(n for feats,_ in rows for n in {n for f in feats for n in f if n.startswith(MANY)})
        names=sorted(n for n,k in count.items() if k>=4); ix={n:i for i,n in enumerate(names)}
        packed=[]
        for feats,right in rows:
            x=np.zeros((len(feats),len(names))); o=np.zeros(len(feats))
            for i,f in enumerate(feats):
                for n,v in f.items():
                    if n in ix: x[i,ix[n]]=v
                    elif not n.startswith(MANY): o[i]+=weights.get(n,0.0)*v
            packed.append((x,o,right))
        v=np.array([weights.get(n,0.0) for n in names]); g2=np.full(len(names),1e-2)
        for e in range(epochs):
            loss=wrong=0
            for k in rng.permutation(len(packed)):
                x,o,right=packed[k]; s=x@v+o; wrong+=not right[int(np.argmax(s))]
                q=np.exp(s-s.max()); z=q.sum(); qr=np.where(right,q,0); loss-=math.log(max(qr.sum()/z,1e-12))
                g=x.T@(q/z-qr/max(qr.sum(),1e-12))+l2*v/len(packed); g2+=g*g; v-=rate*g/np.sqrt(g2)
        print("counts: round",r,"loss",round(loss/len(packed),4),"wrong",round(wrong/len(packed),4),len(packed),"of",len(pick),round(time.time()-t),"s",flush=True)
        weights={n:x for n,x in weights.items() if not n.startswith(MANY)}|{n:round(float(x),3) for n,x in zip(names,v)}
    return weights

def examples_of(paths, meaning):
    return [Example(*e,meaning) for e in own(paths) if e[4] and e[2]["properties"]]

if __name__=="__main__":
    t=time.time(); meaning=Meaning(WordLlamaEmbedder())
    examples=examples_of(sys.argv[2:],meaning); print(len(examples),time.time()-t)
    weights=fit(examples,epochs=int(__import__("os").environ.get("EPOCHS","4"))); print(len(weights),"weights",time.time()-t)
    json.dump(weights,open(sys.argv[1],"w"),indent=0,sort_keys=True)
