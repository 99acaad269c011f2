from audit.writing import *
