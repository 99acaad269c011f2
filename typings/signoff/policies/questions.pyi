from policies.questions import *
