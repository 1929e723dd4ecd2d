import type { StructuralSchema } from '#api/schema/structural-schema';

/**
 * Expressions over one object, run by us and by kube-apiserver. The verdict is not written down here: the judge has
 * it. They follow the tests of upstream by function and by kind of value.
 */
export const PROPERTIES: Record<string, StructuralSchema> = {
  int: { type: 'integer' },
  big: { type: 'integer', format: 'int64' },
  num: { type: 'number' },
  str: { type: 'string' },
  uni: { type: 'string' },
  empty: { type: 'string' },
  bool: { type: 'boolean' },
  ios: { 'x-kubernetes-int-or-string': true },
  iosText: { 'x-kubernetes-int-or-string': true },
  date: { type: 'string', format: 'date' },
  time: { type: 'string', format: 'date-time' },
  dur: { type: 'string', format: 'duration' },
  bytes: { type: 'string', format: 'byte' },
  ints: { type: 'array', items: { type: 'integer' } },
  nums: { type: 'array', items: { type: 'number' } },
  strs: { type: 'array', items: { type: 'string' } },
  none: { type: 'array', items: { type: 'integer' } },
  nested: { type: 'array', items: { type: 'array', items: { type: 'integer' } } },
  set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
  set2: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
  mapList: {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
    items: { type: 'object', required: ['k'], properties: { k: { type: 'string' }, v: { type: 'integer' } } },
  },
  mapList2: {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
    items: { type: 'object', required: ['k'], properties: { k: { type: 'string' }, v: { type: 'integer' } } },
  },
  map: { type: 'object', additionalProperties: { type: 'integer' } },
  textMap: { type: 'object', additionalProperties: { type: 'string' } },
  obj: {
    type: 'object',
    properties: {
      x: { type: 'integer' },
      y: { type: 'string' },
      z: { type: 'object', properties: { deep: { type: 'string' } } },
    },
  },
  obj2: {
    type: 'object',
    properties: {
      x: { type: 'integer' },
      y: { type: 'string' },
      z: { type: 'object', properties: { deep: { type: 'string' } } },
    },
  },
  objs: {
    type: 'array',
    items: { type: 'object', properties: { name: { type: 'string' }, size: { type: 'integer' } } },
  },
  maybe: { type: 'string' },
  nil: { type: 'string', nullable: true },
  if: { type: 'string' },
  namespace: { type: 'string' },
  'x-dash': { type: 'string' },
  'x.dot': { type: 'string' },
  'x/slash': { type: 'string' },
  x__under: { type: 'string' },
  any: { 'x-kubernetes-preserve-unknown-fields': true },
  open: {
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
    properties: { known: { type: 'string' } },
  },
  embedded: {
    type: 'object',
    'x-kubernetes-embedded-resource': true,
    'x-kubernetes-preserve-unknown-fields': true,
  },
};

export const OBJECT = {
  apiVersion: 'example.com/v1',
  kind: 'Thing',
  metadata: { name: 'thing-1', namespace: 'default' },
  spec: {
    int: 7,
    big: 9007199254740992,
    num: 2.5,
    str: 'kubernetes',
    uni: 'h\u00e9llo \u{1F600} w\u00f6rld',
    empty: '',
    bool: true,
    ios: 8080,
    iosText: '50%',
    date: '2021-08-11',
    time: '2021-08-11T10:20:30.123456789Z',
    dur: '1h30m',
    bytes: 'aGVsbG8=',
    ints: [1, 2, 3, 4],
    nums: [1, 2.5, 3],
    strs: ['c', 'a', 'b'],
    none: [],
    nested: [[1, 2], [3]],
    set: ['a', 'b'],
    set2: ['b', 'a'],
    mapList: [
      { k: 'a', v: 1 },
      { k: 'b', v: 2 },
    ],
    mapList2: [
      { k: 'b', v: 2 },
      { k: 'a', v: 1 },
    ],
    map: { one: 1, two: 2 },
    textMap: { a: 'x', b: 'y' },
    obj: { x: 1, y: 'why', z: { deep: 'd' } },
    obj2: { x: 1, y: 'why', z: { deep: 'd' } },
    objs: [{ name: 'n1', size: 1 }, { name: 'n2', size: 2 }, { size: 3 }],
    nil: null,
    if: 'reserved',
    namespace: 'ns',
    'x-dash': 'dash',
    'x.dot': 'dot',
    'x/slash': 'slash',
    x__under: 'under',
    any: { a: 1 },
    open: { known: 'k', unknown: 1 },
    embedded: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'emb', labels: { a: 'b' } }, spec: {} },
  },
};

/** Each is judged as it is, and its opposite too when it is a bool. */
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
self.map.exists(k, k == 'two')
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
self.time > timestamp('2021-01-01T00:00:00Z')
self.time.getFullYear() == 2021
self.time.getMonth() == 7
self.time.getDayOfMonth() == 10
self.time.getDate() == 11
self.time.getDayOfWeek() == 3
self.time.getDayOfYear() == 222
self.time.getHours() == 10
self.time.getHours('+02:00') == 12
self.time.getHours('America/New_York') == 6
self.time.getHours('Nowhere/Land') == 6
self.time.getMinutes() == 20
self.time.getSeconds() == 30
self.time.getMilliseconds() == 123
self.time + duration('1h') > self.time
self.time - duration('1h') < self.time
self.time - self.time == duration('0s')
string(self.time) == '2021-08-11T10:20:30.123456789Z'
int(self.time) == 1628677230
timestamp(1628677230) < self.time
timestamp('nonsense') < self.time
timestamp(self.str) < self.time
self.date == timestamp('2021-08-11T00:00:00Z')
self.date < self.time
self.dur == duration('90m')
self.dur > duration('1h')
self.dur.getHours() == 1
self.dur.getMinutes() == 90
self.dur.getSeconds() == 5400
self.dur.getMilliseconds() == 5400000
string(self.dur) == '5400s'
self.dur + self.dur == duration('3h')
duration('x') == self.dur
duration(self.str) == self.dur
duration('1.5s').getMilliseconds() == 1500
isURL('https://example.com:80/path?q=1')
isURL('../relative')
isURL('/absolute')
isURL('')
url('https://user:pass@example.com:8080/a%20b?x=1&x=2&y=z').getHost() == 'example.com:8080'
url('https://user:pass@example.com:8080/a%20b').getHostname() == 'example.com'
url('https://example.com:8080/').getPort() == '8080'
url('https://example.com/').getPort() == ''
url('https://[::1]:80/').getHostname() == '::1'
url('https://example.com/a%20b').getEscapedPath() == '/a%20b'
url('https://example.com/?x=1&x=2&y=z').getQuery() == {'x': ['1', '2'], 'y': ['z']}
url('HTTPS://example.com/').getScheme() == 'https'
url('/path').getScheme() == ''
url('::nope') == url('/x')
url('https://a/') == url('https://a/')
isIP('127.0.0.1')
isIP('::1')
isIP('::ffff:1.2.3.4')
isIP('fe80::1%eth0')
isIP('256.0.0.1')
isIP('1.2.3')
isIP('01.2.3.4')
ip('127.0.0.1').family() == 4
ip('::1').family() == 6
ip('127.0.0.1').isLoopback()
ip('0.0.0.0').isUnspecified()
ip('224.0.0.1').isLinkLocalMulticast()
ip('169.254.1.1').isLinkLocalUnicast()
ip('fe80::1').isLinkLocalUnicast()
ip('8.8.8.8').isGlobalUnicast()
ip('10.0.0.1').isGlobalUnicast()
ip('ff02::1').isLinkLocalMulticast()
ip('not-an-ip').family() == 4
ip('192.168.0.1') == ip('192.168.0.1')
string(ip('2001:DB8::1')) == '2001:db8::1'
ip.isCanonical('2001:db8::1')
ip.isCanonical('2001:DB8::1')
isCIDR('10.0.0.0/8')
isCIDR('10.0.0.0/33')
isCIDR('10.0.0.0')
cidr('10.0.0.0/8').containsIP('10.1.2.3')
cidr('10.0.0.0/8').containsIP(ip('11.1.2.3'))
cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')
cidr('10.0.0.0/8').containsCIDR(cidr('0.0.0.0/0'))
cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')
cidr('10.0.0.0/8').prefixLength() == 8
cidr('10.1.2.3/8').ip() == ip('10.1.2.3')
string(cidr('2001:db8::/32')) == '2001:db8::/32'
cidr('nope').prefixLength() == 8
isQuantity('1Gi')
isQuantity('1.5e3')
isQuantity('1Mo')
isQuantity('')
isQuantity('.5')
isQuantity('1e')
quantity('1Gi').isGreaterThan(quantity('1G'))
quantity('1Gi').isLessThan(quantity('1G'))
quantity('100m').compareTo(quantity('0.1')) == 0
quantity('50k') == quantity('50000')
quantity('1Gi').asInteger() == 1073741824
quantity('100m').asInteger() == 0
quantity('100m').isInteger()
quantity('2').isInteger()
quantity('1.5Gi').isInteger()
quantity('100m').asApproximateFloat() == 0.1
quantity('1').add(quantity('500m')) == quantity('1.5')
quantity('1').add(2) == quantity('3')
quantity('1').sub(quantity('500m')) == quantity('500m')
quantity('1').sub(2) == quantity('-1')
quantity('-1').sign() == -1
sign(quantity('-1')) == -1
sign(quantity('0')) == 0
quantity('1Mo') == quantity('1')
quantity(self.str) == quantity('1')
isSemver('1.2.3')
isSemver('1.2')
isSemver('v1.2', true)
isSemver('1.02.3')
isSemver('01.2.3', true)
semver('1.2.3').isLessThan(semver('1.2.4'))
semver('1.2.3-alpha').isLessThan(semver('1.2.3'))
semver('1.2.3').compareTo(semver('1.2.3')) == 0
semver('1.2.3').major() == 1
semver('1.2.3').minor() == 2
semver('1.2.3').patch() == 3
semver('1.2.3') == semver('1.2.3+build')
semver('v1.0', true).minor() == 0
semver('1.2').minor() == 2
format.dns1123Label().validate('my-label').hasValue()
format.dns1123Label().validate('My-Label').hasValue()
format.dns1123Label().validate('My-Label').value() == ['x']
format.dns1123Subdomain().validate('a.b').hasValue()
format.dns1123Subdomain().validate('a..b').value() == ['x']
format.dns1035Label().validate('1a').value() == ['x']
format.qualifiedName().validate('a/b').hasValue()
format.qualifiedName().validate('a/b/c').value() == ['x']
format.labelValue().validate('-').value() == ['x']
format.uri().validate('https://a').hasValue()
format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()
format.uuid().validate('x').value() == ['does not match the UUID format']
format.byte().validate('aGVsbG8=').hasValue()
format.byte().validate('!').value() == ['invalid base64']
format.date().validate('2021-01-01').hasValue()
format.date().validate('x').value() == ['invalid date']
format.datetime().validate('2021-01-01T00:00:00Z').hasValue()
format.named('dns1123Label').hasValue()
format.named('nothing').hasValue()
format.named('dns1123Label').value().validate('a') == optional.none()
sets.contains([1, 2, 3], [1])
sets.contains([1], [1, 2])
sets.equivalent([1, 2], [2, 1, 1])
sets.intersects([1, 2], [2, 3])
sets.intersects([1], [2])
self.?maybe.hasValue()
self.?str.hasValue()
self.?maybe.orValue('default') == 'default'
self.?str.orValue('default') == 'kubernetes'
self.?obj.?x.orValue(0) == 1
self.?obj.z.deep.orValue('') == 'd'
self.?maybe == optional.none()
self.?str == optional.of('kubernetes')
self.map[?'one'].orValue(0) == 1
self.map[?'nine'].orValue(0) == 0
self.ints[?9].hasValue()
self.ints[?0].value() == 1
self.?maybe.value() == 'x'
self.?maybe.or(self.?str).value() == 'kubernetes'
self.?str.optMap(s, s + '!').orValue('') == 'kubernetes!'
self.?maybe.optMap(s, s + '!').orValue('none') == 'none'
self.?obj.optFlatMap(o, o.?y).orValue('') == 'why'
optional.ofNonZeroValue('').hasValue()
optional.ofNonZeroValue('a').hasValue()
optional.none().hasValue()
optional.of(self.int).value() == 7
self.missing
self.str
self.int
self.str == 1
self.int == '7'
self.str + 1 == 'x'
self.str.foo() == 1
foo(self.str)
self.str.size == 10
self.ints.name == 1
size(self.int) == 1
self.int.all(x, x)
self.ints.all(x, x)
self.ints.all(self.x, true)
has(self)
has(self.ints[0])
[1, 'a'].size() == 2
{'a': 1, 'b': 'x'}.size() == 2
self.bool ? 1 : 'a'
unknown == 1
self == self
self.spec.x == 1
self.int ==
self.int == 7)
self.int = 7
'unterminated
self.ints.map(x, y, z, w)
self.int == 7 && self.missing == 1 && self.str == 2
1 + 1
true
false
self.embedded.metadata.name.size() > 1
`
  .split('\n')
  .filter((line) => line !== '');
