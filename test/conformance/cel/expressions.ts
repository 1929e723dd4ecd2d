/** The language, strings, lists and maps. Each is judged as it is, and its opposite too. */
export const EXPRESSIONS: readonly string[] = `
self.int == 7
self.int > 3 && self.int < 10
self.int + 1 == 8
self.int - 10 == -3
self.int * 3 == 21
self.int / 2 == 3
self.int % 4 == 3
-self.int == -7
self.int / 0 == 1
self.int % 0 == 1
9223372036854775807 + self.int > 0
-9223372036854775807 - self.int < 0
9223372036854775807 * self.int > 0
self.big == 9007199254740992
self.big + 1 == 9007199254740993
self.num == 2.5
self.num > 2
self.num < 3 && self.num >= 2.5
self.num * 2.0 == 5.0
self.num / 0.0 > 1.0
self.int == 7.0
self.int < 7.5
double(self.int) == 7.0
int(self.num) == 2
uint(self.int) == 7u
uint(-1) == 0u
string(self.int) == '7'
string(self.num) == '2.5'
string(1e100) == '1e+100'
string(0.000001) == '1e-06'
string(123456789.0) == '123456789'
string(1e21) == '1e+21'
int('12') == 12
int('x') == 12
int('') == 0
double('1.5') == 1.5
double('abc') == 1.5
bool('true')
bool('yes')
dyn(self.int) == 7
type(self.int) == int
type(self.num) == double
type(self.str) == string
type(self.ints) == list
type(self.map) == map
type(self.obj) == map
type(self.time) == google.protobuf.Timestamp
type(self.dur) == google.protobuf.Duration
type(self.ios) == int
type(self.ios) == string
type(self.iosText) == string
type(null) == null_type
self.ios == 8080
self.ios > 5
self.iosText == '50%'
self.iosText > 5
self.iosText.endsWith('%')
self.ios.endsWith('%')
self.ios + 1 == 8081
self.ios == '8080'
string(self.ios) == '8080'
size(self.iosText) == 3
size(self.ios) == 3
type(self.ios) == int ? self.ios > 100 : false
self.bool
!self.bool
self.bool == true
self.bool ? self.int == 7 : self.int == 8
self.bool || self.maybe == 'x'
self.maybe == 'x' || self.bool
self.maybe == 'x' && !self.bool
!self.bool && self.maybe == 'x'
self.maybe == 'x'
has(self.maybe)
has(self.str)
has(self.obj.x)
has(self.obj.z.deep)
!has(self.maybe) || self.maybe == 'x'
has(self.nil)
has(self.map.one)
has(self.map.three)
self.map.three == 3
self.map['three'] == 3
self.map['one'] == 1
'one' in self.map
'three' in self.map
self.map.size() == 2
size(self.map) == 2
self.map.all(k, self.map[k] > 0)
self.map.exists(k, k in ['one', 'two'])
self.map.exists_one(k, k == 'two')
self.map.map(k, self.map[k]).sum() == 3
self.map.filter(k, self.map[k] > 1).size() == 1
self.map == {'one': 1, 'two': 2}
{'a': 1}.a == 1
{'a': 1}['b'] == 1
{1: 'a', 2: 'b'}[1] == 'a'
{true: 1}[true] == 1
{'a': 1, 'b': 2}.size() == 2
{'a': 1} == {'a': 1}
self.str == 'kubernetes'
self.str != 'docker'
self.str < 'z'
self.str >= 'kub'
self.str + 'x' == 'kubernetesx'
self.str.size() == 10
size(self.str) == 10
size(self.uni) == 13
self.str.startsWith('kub')
self.str.endsWith('tes')
self.str.contains('bern')
self.str.matches('^k.*s$')
matches(self.str, 'bern')
self.str.matches('[')
self.str.matches('(a')
self.str.charAt(0) == 'k'
self.str.charAt(10) == ''
self.str.charAt(11) == ''
self.str.charAt(-1) == ''
self.uni.charAt(6) == '\\U0001F600'
self.str.indexOf('e') == 3
self.str.indexOf('e', 4) == 7
self.str.indexOf('zz') == -1
self.str.indexOf('e', 11) == -1
self.str.indexOf('e', -1) == -1
self.str.indexOf('') == 0
self.uni.indexOf('w') == 8
self.str.lastIndexOf('e') == 7
self.str.lastIndexOf('e', 6) == 3
self.str.lastIndexOf('') == 10
self.str.lastIndexOf('zz') == -1
self.empty.lastIndexOf('a') == -1
self.str.lowerAscii() == 'kubernetes'
'KuB\\u00c9'.lowerAscii() == 'kub\\u00c9'
self.str.upperAscii() == 'KUBERNETES'
self.str.replace('e', 'E') == 'kubErnEtEs'
self.str.replace('e', 'E', 1) == 'kubErnetes'
self.str.replace('e', 'E', 0) == 'kubernetes'
'abc'.replace('', '-') == '-a-b-c-'
'abc'.replace('', '-', 2) == '-a-bc'
self.str.split('e') == ['kub', 'rn', 't', 's']
self.str.split('e', 2) == ['kub', 'rnetes']
self.str.split('e', 0) == []
'abc'.split('') == ['a', 'b', 'c']
self.str.substring(4) == 'rnetes'
self.str.substring(0, 4) == 'kube'
self.str.substring(5, 4) == ''
self.str.substring(0, 40) == ''
self.str.substring(-1) == ''
self.uni.substring(6, 7) == '\\U0001F600'
'  trim\\t\\n'.trim() == 'trim'
'\\u2003x\\u2003'.trim() == 'x'
self.strs.join() == 'cab'
self.strs.join('-') == 'c-a-b'
[].join('-') == ''
'%s is %d'.format(['x', 1]) == 'x is 1'
'%.2f %e'.format([1.5, 12345.678]) == '1.50 1.234568e+04'
'%x %X %o %b'.format([255, 255, 8, 5]) == 'ff FF 10 101'
'%s'.format([[1, 'a']]) == '[1, "a"]'
'%s %s'.format([true, null]) == 'true null'
'%s'.format([{'b': 1, 'a': 2}]) == '{"a":2, "b":1}'
'%d'.format(['x']) == ''
'%s %s'.format(['x']) == ''
'%%'.format([]) == '%'
'%z'.format([1]) == ''
strings.quote('a"b\\n') == '"a\\\\"b\\\\n"'
self.str.find('[a-e]+') == 'be'
self.str.find('zz') == ''
self.str.findAll('e.') == ['er', 'et', 'es']
self.str.findAll('e.', 2) == ['er', 'et']
self.str.findAll('e.', 0) == []
self.bytes == b'hello'
self.bytes.size() == 5
size(self.bytes) == 5
string(self.bytes) == 'hello'
bytes('hello') == self.bytes
self.bytes + b'x' == b'hellox'
self.bytes < b'z'
self.ints.size() == 4
size(self.ints) == 4
self.ints[0] == 1
self.ints[4] == 1
self.ints[-1] == 1
self.ints[self.int] == 1
self.ints[size(self.ints) - 1] == 4
3 in self.ints
9 in self.ints
self.int in self.ints
self.str in ['kubernetes', 'nomad']
self.str in ['nomad']
self.int in [1, 7]
self.ints + [5] == [1, 2, 3, 4, 5]
self.ints == [1, 2, 3, 4]
self.ints == [4, 3, 2, 1]
self.ints != [1]
self.ints.all(x, x > 0)
self.ints.all(x, x > 1)
self.ints.exists(x, x == 3)
self.ints.exists(x, x == 30)
self.ints.exists_one(x, x == 3)
self.ints.exists_one(x, x > 2)
self.ints.existsOne(i, v, v == 3)
self.ints.map(x, x * 2) == [2, 4, 6, 8]
self.ints.map(x, x > 2, x * 2) == [6, 8]
self.ints.filter(x, x % 2 == 0) == [2, 4]
self.ints.all(x, 10 / (x - 2) > 0)
self.ints.exists(x, 10 / (x - 2) > 5)
self.ints.exists(x, 10 / (x - 1) == 10)
self.ints.map(x, 10 / (x - 1)).size() == 4
self.ints.all(i, v, v == i + 1)
self.ints.exists(i, v, i == 2 && v == 3)
self.ints.transformList(i, v, i * v) == [0, 2, 6, 12]
self.ints.transformList(i, v, i > 1, v) == [3, 4]
self.ints.transformMap(i, v, v * v)[2] == 9
self.map.transformMap(k, v, v + 1) == {'one': 2, 'two': 3}
self.map.transformMap(k, v, v > 1, v + 1) == {'two': 3}
self.map.transformMapEntry(k, v, {v: k}) == {1: 'one', 2: 'two'}
self.ints.transformMapEntry(i, v, {1: v}).size() == 1
self.map.all(k, v, v > 0 && k != '')
self.ints.sum() == 10
self.nums.sum() == 6.5
self.none.sum() == 0
self.ints.min() == 1
self.ints.max() == 4
self.none.max() == 4
self.none.min() == 4
self.strs.max() == 'c'
self.strs.min() == 'a'
self.ints.isSorted()
self.strs.isSorted()
[3, 1].isSorted()
self.none.isSorted()
self.strs.indexOf('a') == 1
self.strs.lastIndexOf('a') == 1
self.ints.indexOf(9) == -1
['a', 'b', 'a'].lastIndexOf('a') == 2
self.strs.sort() == ['a', 'b', 'c']
self.strs.sortBy(e, e) == ['a', 'b', 'c']
self.ints.sortBy(e, -e) == [4, 3, 2, 1]
self.ints.reverse() == [4, 3, 2, 1]
self.ints.slice(1, 3) == [2, 3]
self.ints.slice(1, 9) == [2, 3]
self.ints.slice(3, 1) == [2, 3]
[1, 1, 2].distinct() == [1, 2]
self.nested.flatten() == [1, 2, 3]
lists.range(4) == [0, 1, 2, 3]
self.nested.all(l, l.all(x, x > 0))
self.nested[0][1] == 2
self.nested.map(l, l.size()) == [2, 1]
self.set == self.set2
self.set == ['b', 'a']
self.set + ['c', 'a'] == ['a', 'b', 'c']
size(self.set + self.set2) == 2
self.mapList == self.mapList2
self.mapList + self.mapList2 == self.mapList
self.mapList.exists(e, e.k == 'b' && e.v == 2)
self.mapList.all(e, has(e.v))
self.mapList[0].k == 'a'
self.obj == self.obj2
self.obj.z == self.obj2.z
self.obj.x == 1
self.obj.z.deep == 'd'
self.obj.w == 1
self.obj.y.z == 1
self.objs.all(o, has(o.name))
self.objs.all(o, o.name != '')
self.objs.exists(o, o.name == 'n2')
self.objs.filter(o, has(o.name)).map(o, o.name) == ['n1', 'n2']
self.objs[2].name == 'x'
self.objs.map(o, o.size).sum() == 6
self.__if__ == 'reserved'
self.__namespace__ == 'ns'
self.x__dash__dash == 'dash'
self.x__dot__dot == 'dot'
self.x__slash__slash == 'slash'
self.x__underscores__under == 'under'
self.any == 1
has(self.any)
self.open.known == 'k'
self.open.unknown == 1
self.embedded.metadata.name == 'emb'
self.embedded.metadata.labels.a == 'b'
self.embedded.kind == 'Pod'
self.embedded.spec == 1
self.nil == 'x'
self.nil == null
self.str == null
`
  .split('\n')
  .filter((line) => line !== '');
