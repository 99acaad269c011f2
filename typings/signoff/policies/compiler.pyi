from policies.compiler import *
