from policies.solver_search import *
