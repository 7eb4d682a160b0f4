/// All bindings there are, as b2watch has them by itself: the help, the footer, `docs/keys.md` and the tests are made from
/// this table. What is in force is `Bindings`, with the user's own keys.
enum BindingTable {
    static let all: [Binding] =
        moving + lists + deliveries + actions + log + pulse + choosing + browsing + searching + prompts + detail
        + folding + copying + acting + keyring
        + questions + help + views + everywhere
}
