from policies.combining import *
