from policies.shapes import *
