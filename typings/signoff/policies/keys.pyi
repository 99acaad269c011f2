from policies.keys import *
