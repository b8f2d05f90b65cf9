#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hotcold_fuzz::any_format(bytes));
