from audit.exporting import *
