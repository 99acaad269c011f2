from policies.searching import *
