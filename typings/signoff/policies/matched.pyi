from policies.matched import *
