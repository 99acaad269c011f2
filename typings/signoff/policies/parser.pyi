from policies.parser import *
