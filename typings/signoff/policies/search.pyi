from policies.search import *
