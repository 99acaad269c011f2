from app.vetting import *
