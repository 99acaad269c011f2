from audit.receipts import *
