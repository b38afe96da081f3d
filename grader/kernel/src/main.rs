fn main() {
    evcxr_jupyter::main();
}
