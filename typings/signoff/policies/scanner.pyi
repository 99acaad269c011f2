from policies.scanner import *
