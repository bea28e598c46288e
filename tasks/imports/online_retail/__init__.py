"""The UCI "Online Retail" export as a catalog: lines are read, refused or kept, and summed up to products.

Everything but `loading` is plain Python without Django, so that each rule can be tested on a line.
"""
