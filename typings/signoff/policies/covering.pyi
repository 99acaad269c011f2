from policies.covering import *
