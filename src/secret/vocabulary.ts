// Words of which people make up secrets, the commonest first, and common passwords. Counted in published secrets and
// in the documentation of packages.

/** In lower case, by rank: how much a word costs to guess goes by its place. */
export const WORDS: readonly string[] = `
key secret api token the access this your here for app string and com you private client to test is not super
from get https js jwt with of user love in http value if apikey name data be that random code json url google
session will type or can wang node oauth are aws as asd use very function long qaz it auth example set default
password project web facebook server an file new consumer qwe application chen require any options object all
console admin version dev on woaini hello secure www change true source cookie secreta one insert asdf path
keep log something sec error env config var should flask put php package request tianya by add secrets enter
pass when safe twitter have foo number top but happy replace method only keys time account map accesskey has
license fast used main html parse buffer page login public generated using system content badge security false
huang liu returns width stream wsx don service org want cat rsa just settings array net its really int encode
bad ops module qwer clave base image return dont debug info valid read maps please hidden import null alt text
check pem schema like never see secretkey docs types development shields which rest good style apple was ssh
more users master own list open first actions iloveyou search xyz xed support target feng xeb align run result
big bar center input zxc testing fake build what local date know instance tell form also xbb message need lwx
world runs googleapis china typescript format redacted install status create qwerty must demo windows email
make home xdd cache xhh no xai other write task property output process jiang values github blank king blob
query storage response xfa xdf es start xbe there sampled xcf xfb xfd our sub err jing llave jhb logo site
custom than qazwsx title xbd same xaa properties let core field attribute avatars table xcb xcd usage xbf ms
csproj sdf library index website production jkv ts line tree secreto order now note lin functions out angel
exports best emoji xda browser plugin blog script optional save chave files control may await option xff
services packages range team bearer bytes hard color how xee xab graph promise xfc cheng at xac max flickr
jiuz downloads does hash abcdefg domain length liang real accesstoken after lol sun size counter credentials
xde given cookies xba python assert group xdb tests xef authentication without strong body send man address
host post call xcc xca xfe ssl decode iam media documentation way word live sha they hao full current apps
blah cool etc game where generate so header about medium reference characters item these secrete appid my
count awesome original command life sample mode done signature mykey work do match would role dummy unique
lcjhb provided zhang woshi parameters username xea headers youtube available device objects shared class
django yang tian nokia modules commits ling context register dong author min results resource xae cluster
branch stuff parameter anything middle passed uri software str obj standard weiwei following tang push most
why params find part got above non aini id mima strings equal song memory survey per callback interface ultra
end share section asecret global fun details hong insecure workflows keyboard localhost ever two then asdfg
xce into required each button firebase event mapbox xaf undefined language dojo convert them tokens mysecret
generator opts case nihao performance fang some second place flat always xdc view since next recaptcha
connection fields handler versions jja provide before sunny benchmark temp root via asdfghjkl level todo
qazxsw lili idc nana called cloud label algorithm ilove instagram column xad ready una been errors movie jian
we wei sh baby privatekey assignment single qwertyuiop database whatever microsoft information meng found
supported andy authorization discord copy jwtsecret arguments encoding great sign hai caonima such shmily
maomao jiajia gao returned gold highlight agent pool actual colors eose gateways sodium well ahes store
methods personal router xbc histogram woaiwojia welcome mail wan issues ming action omitted mailgun bucket
export tools allow redirect implementation cab dad esta parser special jia another invalid light qwert asdasd
baobao jun jack enabled blue simple based reply added fed both later zaq resolve forever fill tiger peng fei
lee self acces examples grant resources param provider instead model azure linkedin coding authorize throw
thing bash pro wow qweasd feifei depot bin woai developer hey cant channel anyone raw scope para try supports
show needs secrect paste totally shop encrypted day samples hmac argument guo han lily dog nothing profile
duper myapikey box amazon last encoded payload stripe bob hack benchmarks que friends hex zxcvbnm manager
loveyou sql product requests dsa dir scheme online wode clientsecret captcha weather otherwise prototype
sandbox tickets ninja customer dsf sys knows qing salt secr right avatar jie installation come bed mysecretkey
faster take priv asdfgh liwei jason haha shen route kevin dream bao sad begin goes me am us minimum least
supersecret sixteen thirty letmein shadow princess docker compose unbreakable unguessable lorem ipsum dolor
amet jumps lazy battery staple pepper frontend fastify boot laravel nextauth nest mongo postgres redis mysql
tutorial fixme staging mega shorter longer segreto geheim geheimnis passwort mot passe contrasena cle minha
mein seguro segura muito muy thisisasecret changeme changeit baz doe alice startup school bank hotel hospital
clinic auction ticket booking inventory commerce ecommerce below ask linda management streams variables
sponsor social accounts receiver state ace prod platform verify variable init placeholder changed uses working
power readable xiao update multiple ting emitted music lucky possible kiss deng yes sponsors bobo gmail java
ppk constructor iterator configuration started correct unknown going belt give fly jin git tag phrase
different much cert specified basic plugins none jingjing summer dragon bare beyond defaults wen david wss
success pg smile sky sheng snow rong native john commands refresh expect ranges escape controller including
posts resolution bit proxy backend senha chat coverage cre shi cret parsing shall ing dan up sauce worker once
stack beijing while network mylove mime tom nobody draft integer qin money lan kaixin useful hui ding cctv
queue flash imports lang link look under mobile numbers old misses appsecret bot ascii dependencies photos
exam getting ecret signing every free hate passphrase react lab abcdefgh business contains express temporal
rain strict boy features jzd whether wii ren too marked tiantian monkey mnbvcxz square news running rs kuaile
csdn grid coco lulu tony hero black environment moon print temporary urandom dropbox registration certs txt
apis toggle people aiz quiz connect gocspx recipes chrome src limit endpoint sort devices jjam die hacker
sdfsdf wolf say pan easy xvcj shanghai zxcv baobei crystal player ping meimei mei kitty hua crm complex win
bing qian allen xxg face gui hide little created urlencoder urlencode location num xml developers expires
reasons upload missing sendgrid yours openweathermap stargazers assembly made off ice angular god dashboard
hub think poi crud final plus important today lover fan star water encrypt things privacy cancel copied
providers sis empty tube grade age encryption gen hush lib edit calendar everybody events because course skip
over oracle magic lei peter tong red delete jimmy wind window safety filter boo owner defined books vault
permissions chimp feed stats failed cannot deleted description health actually ninjas permission block
channels photo total lookup reflection chicken year book cats white rock friend sea luck better secretive lets
internal internet spring office hope cherry wing fish confidential document even help job mama sorry sup pay
utility template menu card obtained gonna step messages pie display items company notifications short sessions
extension certificate statistics port video projects timestamp modify close con manage harry chocolate amazing
fox many framework she character protected won precious generic pig recipe sure building challenge explorer
tan pop engine dell candy rid van space wall setting credential back units received comes through click
snippet embed tracker yet tasks validation load flag offset groups tenant phone answer banana choose slack
question kit down portal clone unicorn honey wrong delivery extremely char history unsafe orange yahoo fantasy
spa nick ban ads collection doing practice west who overflow rules wiz authenticated android edited cut videos
catalog alive release enable places accept letters detection region again mine
`
  .trim()
  .split(/\s+/);

/** Passwords that every list begins with, words apart. */
export const PASSWORDS: readonly string[] = `
!QAZ1qaz !QAZ2wsx !QAZxsw2 #NAME? %E2%82%AC (null **** ***** ****** ******* ******** ****er ****me ****you
..qlVVcvDeeRo .adgjm .adgjmptw .hjxrf .kbxrf .ktxrf .ktymrf .kzirf 0.0.0.000 0.0.000 000 0000 00000 000000
0000000 00000000 000000000 0000000000 000000000000 0000000000d 0000000000o 00000000a 00000001 00000007 0000001
0000007 000000a 000000q 000000z 000001 000002 000005 000006 000007 000008 000009 00000a 00000ty 00001 000011
00001111 000012 000013 000015 000019 000021 000023 000044 00007 00009870 000099 00009999 0000aaaa 0001 000111
000123 0002 000222 0003 000311 000333 000357 000420 0005 000555 0006 000666 0007 00070007 000777 000777fffa
0008 000888 0009 000911 00096462 000999 000999888 000ooo 0010 001001 001002 001002003 001007 0011 001100
00110011 001122 00112233 0012 001234 0013 001300 00133 0014 0015 0016 0017 0018 0019 001962 001963 001966
00197 001972 001974 00197400 001978 00198 001983 0020 002002 0021 002112 0022 002200 0023 0024 0025 0031 0032
0033 0034 0035 003842 0040 0044 0045 0049 004937 0053 0055 005500 0056 0057 0058 0065 0066600 0068 007 0070
00700 007000 007007 00700700 007007007 007008 0071 007123 0072 0072563 0077 007700 00770077 007777 007911
007bond 007james 007jr 0080 008008 0083 0088 008800 009009 00948230 0099 009900 009988 00998877 00seven 0101
01010 010100 010101 01010101 010102 010107 010108 01011 010110 01011900 01011901 01011910 01011911 01011920
01011945 01011948 01011949 01011950 01011951 01011952 01011953 01011954 01011955 01011956 01011957 01011958
01011959 01011960 01011961 01011962 01011963 01011964 01011965 01011966 01011967 01011968 01011970 01011971
01011972 01011973 01011974 01011975 01011976 01011977 01011978 01011979 0101198 01011980 01011981 01011982
01011983 01011984 01011985 01011986 01011987 01011988 01011989 01011990 01011991 01011992 01011993 01011994
01011995 01011996 01011997 01011998 01011999 01012000 01012001 01012002 01012003 01012004 01012005 01012006
01012007 01012008 01012009 01012010 01012011 01012012 010150 010153 010156 010157 010158 010159 010160 010161
010162 010163 010164 010165 010166 010167 010168 010170 010171 010172 010173 010174 010175 010176 010177
010178 010179 010180 010181 010182 010183 010184 010185 010186 010187 010188 010189 010190 010190m 010191
010191m 010192 010193 010194 010195 010196 010197 010198 010199 0101dd 0102 01020 010201 01020102 010203
01020304 0102030405 010203040506 010203a 01021951 01021954 01021955 01021956 01021957 01021958 01021959
01021960 01021961 01021962 01021963 01021964 01021965 01021966 01021967 01021968 01021970 01021971 01021972
01021973 01021974 01021975 01021976 01021977 01021978 01021979 01021980 01021981 01021982 01021983 01021984
01021985 01021986 01021987 01021988 01021989 01021990 01021991 01021992 01021993 01021994 01021995 01021996
01021997 01021998 01021999 01022000 01022001 01022002 01022005 01022006 01022007 01022008 01022009 01022010
01022011 010260 010264 010268 010270 010271 010272 010273 010274 010275 010276 010277 010278 010279 010280
010281 010282 010283 010284 010285 010286 010287 010288 010289 010290 010291 010292 010293 010294 010295
010297 010299 0103 01030 01031950 01031952 01031953 01031955 01031956 01031957 01031958 01031959 01031960
01031961 01031962 01031963 01031964 01031965 01031966 01031967 01031968 01031970 01031971 01031972 01031973
01031974 01031975 01031976 01031977 01031978 01031979 01031980 01031981 01031982 01031983 01031984 01031985
01031986 01031987 01031988 01031989 01031990 01031991 01031992 01031993 01031994 01031995 01031996 01031997
01031998 01031999 01032000 01032001 01032002 01032004 01032007 01032008 01032009 01032010 01032011 010356
010359 010362 010365 010367 010368 010370 010371 010372 010375 010376 010377 010378 010379 010380 010381
010382 010383 010384 010385 010386 010387 010388 010389 010390 010391 010392 010393 010394 010395 010396
010397 010398 010399 0104 01040 010400 010403 010407 01041949 01041950 01041954 01041958 01041959 01041960
01041961 01041962 01041963 01041964 01041965 01041966 01041967 01041968 01041970 01041971 01041972 01041973
01041974 01041975 01041976 01041977 01041978 01041979 01041980 01041981 01041982 01041983 01041984 01041985
01041986 01041987 01041988 01041989 01041990 01041991 01041992 01041993 01041994 01041995 01041996 01041997
01041998 01041999 01042000 01042002 01042004 01042005 01042009 01042010 01042011 010456 010457 010460 010463
010465 010468 010470 010472 010473 010474 010475 010476 010477 010478 010479 010480 010481 010482 010483
010484 010485 010486 010487 010488 010489 010490 010491 010492 010493 010494 010496 010497 0105 01050105
01051949 01051952 01051953 01051954 01051955 01051956 01051957 01051958
`
  .trim()
  .split(/\s+/);
