from actions.bank import *
