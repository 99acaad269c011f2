from actions.ledger import *
