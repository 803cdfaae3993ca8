"""`keras-vae doctor`: what is installed, what this machine has, and whether a small model can be trained.

Layout:
    finding       a line of the report
    requirements  the requirements in the metadata of the package, against what is installed
    optional      the optional parts of keras_vae
    machine       processors, memory and folders
    steps         the steps that import TensorFlow and try a small model
    probe         their process, which may fail or crash
    report        all of it, as text or JSON
"""
