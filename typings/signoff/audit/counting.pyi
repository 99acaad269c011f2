from audit.counting import *
