from policies.texts import *
