from app.batches import *
