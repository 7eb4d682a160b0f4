import Files
import Testing

@Suite struct PathPartsTests {
    @Test(
        arguments: [
            ("x", ".", "x"), ("1", ".", "1"), ("~", ".", "~"), (".", ".", "."), ("é", ".", "é"), ("x/", ".", "x"),
            ("x//", ".", "x"), ("/x", "/", "x"), ("/x/", "/", "x"), ("//x", "/", "x"), ("/", "/", "/"),
            ("///", "/", "/"), ("", ".", ""), ("./x", ".", "x"), ("../x", "..", "x"), ("a/b", "a", "b"),
            ("a//b/", "a", "b"), ("/a/b/c.csv", "/a/b", "c.csv"), ("~/x", "~", "x"), ("a/\u{301}b", "a", "\u{301}b"),
        ])
    func areAsTheSystemTellsThem(path: String, folder: String, name: String) {
        let parts = PathParts(path)
        #expect(Array(parts.folder.utf8) == Array(folder.utf8))
        #expect(Array(parts.name.utf8) == Array(name.utf8))
    }
}
