//! Reading and writing profiles as files, one file or folder per format.
