from audit.records import *
