from policies.prover import *
