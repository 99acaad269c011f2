from audit.heads import *
