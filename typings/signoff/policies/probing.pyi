from policies.probing import *
