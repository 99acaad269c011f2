from policies.nodes import *
